// Dates for templates: strftime_now.
#pragma once

#include <ctime>
#include <string_view>

#include "text/jinja/text.hpp"

namespace lamina::text::jinja {

// "2024-07-26T09:05:03"; empty: the local time. Throws invalid_argument.
std::tm read_time(std::string_view text);
// strftime with English names, whatever the locale is; a directive that is not known stays as it is.
void write_time(TextBuilder& out, const MarkedText& format, const std::tm& time);

}  // namespace lamina::text::jinja
