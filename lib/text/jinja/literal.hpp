// Text and number literals of the language, which are Python's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lamina::text::jinja {

// Decodes the quoted text at `at` and moves `at` behind it. Throws template_failed.
std::string read_text(std::string_view source, std::size_t& at);

struct NumberLiteral {
    std::string digits;  // as std::from_chars reads them; integers in base ten, at most 64 bits
    bool real = false;
};
// Reads the number at `at` (which is a digit) and moves `at` behind it. Throws template_failed.
NumberLiteral read_number(std::string_view source, std::size_t& at);

}  // namespace lamina::text::jinja
