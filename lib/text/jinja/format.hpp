// Python's two ways to format: "%s" % values and "{}".format(values).
#pragma once

#include "text/jinja/interpreter.hpp"

namespace lamina::text::jinja {

Value format_percent(Interpreter& in, const MarkedText& pattern, const Value& values);
Value format_braces(Interpreter& in, const MarkedText& pattern, const Arguments& values);

// What stands between "{:" and "}" or "%" and its letter.
struct FormatSpec {
    std::string fill = " ";
    char align = 0;   // < > ^ =; 0: as the type has it
    char sign = '-';  // + - space
    bool alternate = false, group = false;
    std::int64_t width = 0, precision = -1;
    char type = 0;
    bool trusted = true;  // the format's text is the template's own
};
// `value` by `spec`, padded.
void write_formatted(TextBuilder& out, const Value& value, const FormatSpec& spec);
std::string format_real(double value, char type, std::int64_t precision, bool alternate);

}  // namespace lamina::text::jinja
