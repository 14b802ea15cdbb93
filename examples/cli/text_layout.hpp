// Text in columns of ASCII.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lamina::cli {

// Lines of at most `width` characters, broken at spaces; only a longer word is longer. An empty line parts
// paragraphs and stays.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

// The same, each line after `indent` spaces and with its end.
std::string indented(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace lamina::cli
