#include "text/jinja/literal.hpp"

#include <charconv>

#include "text/jinja/budget.hpp"
#include "text/utf8.hpp"

namespace lamina::text::jinja {

namespace {

bool is_decimal(char c) { return c >= '0' && c <= '9'; }

// The character of a numeric escape: up to `most` digits of `base`, exactly that many where `exact`.
void append_coded(std::string_view source, std::size_t& at, std::size_t most, int base, bool exact,
                  std::string& out) {
    const auto digits = source.substr(at, most);
    std::uint32_t code = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), code, base);
    const auto used = static_cast<std::size_t>(end.ptr - digits.data());
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    if (end.ec != std::errc() || (exact && used != most) || code > 0x10FFFF || surrogate) {
        fail_at(source, at, "the escape names no character");
    }
    append_utf8(out, code);
    at += used;
}

// `at` stands behind the backslash.
void append_escape(std::string_view source, std::size_t& at, std::string& out) {
    constexpr std::string_view names = "abfnrtv\\'\"", values = "\a\b\f\n\r\t\v\\'\"";
    const char c = source[at];
    if (const auto i = names.find(c); i != names.npos) {
        out += values[i];
        ++at;
    } else if (c == '\n') {
        ++at;
    } else if (c >= '0' && c <= '7') {
        append_coded(source, at, 3, 8, false, out);
    } else if (c == 'x' || c == 'u' || c == 'U') {
        ++at;
        append_coded(source, at, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16, true, out);
    } else {
        out += '\\';  // an unknown escape stands for itself; its character follows as any other
    }
}

}  // namespace

std::string read_text(std::string_view source, std::size_t& at) {
    const auto start = at;
    const char quote = source[at++];
    std::string out;
    while (at < source.size() && source[at] != quote) {
        if (source[at] != '\\') {
            out += source[at++];
        } else if (++at < source.size()) {
            append_escape(source, at, out);
        }
    }
    if (at >= source.size()) fail_at(source, start, "the text is not closed");
    ++at;
    return out;
}

namespace {

// Digits with single underscores between them.
void take_digits(std::string_view source, std::size_t& at, std::string& out) {
    while (at < source.size()) {
        const bool separator = source[at] == '_' && at + 1 < source.size() && is_decimal(source[at + 1]);
        if (!separator && !is_decimal(source[at])) return;
        if (!separator) out += source[at];
        ++at;
    }
}

int base_of(std::string_view source, std::size_t at) {
    if (source[at] != '0' || at + 2 >= source.size()) return 10;
    const char c = static_cast<char>(source[at + 1] | 0x20);
    return c == 'b' ? 2 : c == 'o' ? 8 : c == 'x' ? 16 : 10;
}

NumberLiteral read_based(std::string_view source, std::size_t& at, int base) {
    const auto digits = source.substr(at + 2, 70);
    std::uint64_t value = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (end.ec != std::errc() || value >> 63 != 0)
        fail_at(source, at, "expected an integer of at most 64 bits");
    at += 2 + static_cast<std::size_t>(end.ptr - digits.data());
    return {std::to_string(value), false};
}

}  // namespace

NumberLiteral read_number(std::string_view source, std::size_t& at) {
    const bool index = at > 0 && source[at - 1] == '.';  // x.0.1 is no real number
    if (const int base = base_of(source, at); base != 10) return read_based(source, at, base);
    const auto start = at;
    NumberLiteral out;
    take_digits(source, at, out.digits);
    const auto digit_at = [&](std::size_t i) { return i < source.size() && is_decimal(source[i]); };
    if (!index && at < source.size() && source[at] == '.' && digit_at(at + 1)) {
        out.real = true;
        out.digits += source[at++];
        take_digits(source, at, out.digits);
    }
    if (!index && at < source.size() && (source[at] | 0x20) == 'e') {
        const bool sign = at + 1 < source.size() && (source[at + 1] == '+' || source[at + 1] == '-');
        if (digit_at(at + 1 + sign)) {
            out.real = true;
            out.digits += 'e';
            if (sign) out.digits += source[at + 1];
            at += 1 + static_cast<std::size_t>(sign);
            take_digits(source, at, out.digits);
        }
    }
    std::int64_t integer = 0;
    double real = 0;
    const auto* last = out.digits.data() + out.digits.size();
    const auto result = out.real ? std::from_chars(out.digits.data(), last, real)
                                 : std::from_chars(out.digits.data(), last, integer);
    if (result.ec != std::errc()) fail_at(source, start, "expected a number of at most 64 bits");
    return out;
}

}  // namespace lamina::text::jinja
