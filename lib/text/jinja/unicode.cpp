#include "text/jinja/unicode.hpp"

#include <utf8proc.h>

#include <algorithm>

#include "text/utf8.hpp"

namespace lamina::text::jinja {

namespace {

std::string encoded(char32_t c) {
    std::string out;
    append_utf8(out, c);
    return out;
}

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

}  // namespace

char32_t next_character(std::string_view text, std::size_t& at) {
    const auto character = character_at(text, at);
    at += std::max<std::size_t>(character.size, 1);
    return character.code;
}

std::size_t previous_start(std::string_view text, std::size_t at) {
    do --at;
    while ((text[at] & 0xC0) == 0x80);
    return at;
}

std::size_t count_characters(std::string_view text) {
    std::size_t count = 0;
    for (char c : text) count += (c & 0xC0) != 0x80;
    return count;
}

bool is_space(char32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_letter(char32_t c) {
    const auto kind = category(c);
    return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_digit(char32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; }

bool is_printable(char32_t c) {
    if (c == ' ') return true;
    switch (category(c)) {
        case UTF8PROC_CATEGORY_CN:
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_CS:
        case UTF8PROC_CATEGORY_CO:
        case UTF8PROC_CATEGORY_ZS:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP: return false;
        default: return true;
    }
}

bool is_upper(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LU; }
bool is_lower(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LL; }
bool is_cased(char32_t c) { return is_upper(c) || is_lower(c) || category(c) == UTF8PROC_CATEGORY_LT; }

// One-to-one mappings but for the one letter that grows in everyday text.
std::string to_upper(char32_t c) {
    if (c == 0xDF) return "SS";
    return encoded(static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
}
std::string to_lower(char32_t c) {
    return encoded(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}
std::string to_title(char32_t c) {
    if (c == 0xDF) return "Ss";
    return encoded(static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))));
}

}  // namespace lamina::text::jinja
