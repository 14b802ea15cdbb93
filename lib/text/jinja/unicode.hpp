// Steps through UTF-8 and the character properties that Python's str methods use. All texts of the engine are
// valid UTF-8: templates and JSON are checked where they enter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lamina::text::jinja {

// Bytes of the character that starts at `at`.
inline std::size_t character_size(std::string_view text, std::size_t at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}
// The character at `at`; moves `at` behind it.
char32_t next_character(std::string_view text, std::size_t& at);
// The start of the character that ends before `at` > 0.
std::size_t previous_start(std::string_view text, std::size_t at);
std::size_t count_characters(std::string_view text);

bool is_space(char32_t c);      // str.isspace
bool is_letter(char32_t c);     // str.isalpha
bool is_digit(char32_t c);      // str.isdecimal
bool is_printable(char32_t c);  // str.isprintable
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_cased(char32_t c);
std::string to_upper(char32_t c);
std::string to_lower(char32_t c);
std::string to_title(char32_t c);

}  // namespace lamina::text::jinja
