// Filters on numbers.
#include <array>
#include <charconv>
#include <cmath>

#include "text/jinja/filters.hpp"
#include "text/jinja/format.hpp"
#include "text/jinja/unicode.hpp"

namespace lamina::text::jinja {

namespace {

std::string_view stripped(std::string_view text) {
    constexpr std::string_view spaces = " \t\n\r\f\v";
    const auto from = text.find_first_not_of(spaces);
    if (from == text.npos) return {};
    return text.substr(from, text.find_last_not_of(spaces) - from + 1);
}

// Single underscores between digits are dropped; anything else with one is no number.
std::optional<std::string> without_underscores(std::string_view text) {
    constexpr std::size_t longest = 400;  // no number of 64 bits needs more
    if (text.size() > longest) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool between = i > 0 && i + 1 < text.size() && text[i - 1] != '_' && text[i + 1] != '_';
        if (text[i] == '_' && !between) return std::nullopt;
        if (text[i] != '_') out += text[i];
    }
    return out;
}

}  // namespace

std::optional<std::int64_t> read_integer(std::string_view text, int base) {
    auto digits = without_underscores(stripped(text));
    if (!digits || digits->empty()) return std::nullopt;
    const bool negative = digits->front() == '-';
    if (negative || digits->front() == '+') digits->erase(0, 1);
    const auto prefix = digits->substr(0, 2);
    const int named = prefix == "0x" || prefix == "0X"   ? 16
                      : prefix == "0o" || prefix == "0O" ? 8
                      : prefix == "0b" || prefix == "0B" ? 2
                                                         : 0;
    if (named && (base == named || base == 0)) digits->erase(0, 2);
    if (base == 0) base = named ? named : 10;
    if (digits->empty() || digits->front() == '-') return std::nullopt;
    if (negative) digits->insert(0, "-");
    std::int64_t out = 0;
    const auto* last = digits->data() + digits->size();
    const auto end = std::from_chars(digits->data(), last, out, base);
    return end.ec == std::errc() && end.ptr == last ? std::optional(out) : std::nullopt;
}

std::optional<double> read_real(std::string_view text) {
    auto digits = without_underscores(stripped(text));
    if (!digits || digits->empty()) return std::nullopt;
    if (digits->front() == '+') digits->erase(0, 1);
    if (digits->find_first_of("(xX") != std::string::npos) return std::nullopt;  // "nan(1)", hexadecimal
    double out = 0;
    const auto* last = digits->data() + digits->size();
    const auto end = std::from_chars(digits->data(), last, out);
    return end.ec == std::errc() && end.ptr == last && digits->front() != '+' ? std::optional(out)
                                                                              : std::nullopt;
}

namespace {

std::optional<std::int64_t> truncated(double real) {
    if (!(std::abs(real) < 0x1p63)) return std::nullopt;
    return static_cast<std::int64_t>(real);
}

Value to_integer(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "int", arguments, {"default", "base"});
    if (value.is_undefined()) fail_undefined(in.budget(), value);
    std::optional<std::int64_t> out = value.as_integer();
    bool trusted = value.trusted();
    if (const auto* real = value.get<double>()) {
        out = truncated(*real);
    } else if (const auto* text = value.text()) {
        const auto base = bound.integer(1, 10);
        if (base != 0 && (base < 2 || base > 36)) in.budget().fail("int() needs a base of 2 to 36");
        trusted = wholly_trusted(*text);
        out = read_integer(text->text, static_cast<int>(base));
        if (const auto real = out ? std::nullopt : read_real(text->text)) out = truncated(*real);
    }
    if (out) return Value::integer(*out, trusted);
    return bound[0] ? *bound[0] : Value::integer(0);
}

Value to_real(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "float", arguments, {"default"});
    if (value.is_undefined()) fail_undefined(in.budget(), value);
    const auto* text = value.text();
    const auto out = text ? read_real(text->text) : value.as_number();
    if (out) return Value::real(*out, text ? wholly_trusted(*text) : value.trusted());
    return bound[0] ? *bound[0] : Value::real(0);
}

double number_of(Interpreter& in, const Value& value) {
    if (value.is_undefined()) fail_undefined(in.budget(), value);
    const auto number = value.as_number();
    if (!number) in.budget().fail("expected a number, got '" + std::string(value.type_name()) + "'");
    return *number;
}

Value absolute(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "abs", arguments, {});
    const double real = number_of(in, value);
    const auto integer = value.as_integer();
    if (!integer) return Value::real(std::abs(real), value.trusted());
    std::int64_t out = *integer;
    if (out < 0 && __builtin_sub_overflow(std::int64_t{0}, out, &out))
        in.budget().fail("an integer beyond 64 bits");
    return Value::integer(out, value.trusted());
}

// To the nearest decimal of the exact binary value, ties to even.
double rounded(double value, std::int64_t precision) {
    if (!std::isfinite(value)) return value;
    if (precision >= 0) {
        const auto digits = format_real(std::abs(value), 'f', std::min<std::int64_t>(precision, 400), false);
        return std::copysign(*read_real(digits), value);
    }
    const double scale = std::pow(10.0, static_cast<double>(std::min<std::int64_t>(-precision, 400)));
    return std::isfinite(scale) ? std::nearbyint(value / scale) * scale : std::copysign(0.0, value);
}

Value round_filter(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "round", arguments, {"precision", "method"});
    const double real = number_of(in, value);
    const auto precision = bound.integer(0, 0);
    const std::string_view method = bound[1] ? std::string_view(bound.text(1).text) : "common";
    if (method == "common") {
        const double out = rounded(real, precision);
        if (const auto whole = value.as_integer()) {
            return Value::integer(precision >= 0 ? *whole : truncated(out).value_or(0), value.trusted());
        }
        return Value::real(out, value.trusted());
    }
    if (method != "ceil" && method != "floor") budget.fail("round() knows common, ceil and floor");
    const double scale = std::pow(10.0, static_cast<double>(precision));
    const double scaled = real * scale;
    return Value::real((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale, value.trusted());
}

// 1.5 kB, or 1.5 KiB where binary.
Value file_size(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "filesizeformat", arguments, {"binary"});
    const auto* text = value.text();
    const auto parsed = text ? read_real(text->text) : std::nullopt;
    const double bytes = parsed ? *parsed : number_of(in, value);
    const bool binary = bound.truthy(0);
    const double base = binary ? 1024 : 1000;
    std::string out;
    if (bytes == 1) {
        out = "1 Byte";
    } else if (bytes < base) {
        out = format_real(std::trunc(bytes), 'f', 0, false) + " Bytes";
    } else {
        constexpr std::string_view decimal = "kMGTPEZY", powers = "KMGTPEZY";
        double unit = base * base;
        std::size_t i = 0;
        while (i + 1 < decimal.size() && bytes >= unit) unit *= base, ++i;
        out = format_real(base * bytes / unit, 'f', 1, false) + " " +
              std::string(1, (binary ? powers : decimal)[i]) + (binary ? "iB" : "B");
    }
    return Value(constant_text(out, value.trusted() && (!text || wholly_trusted(*text))));
}

constexpr FilterEntry filters[] = {
    {"abs", absolute},   {"filesizeformat", file_size}, {"float", to_real},
    {"int", to_integer}, {"round", round_filter},
};

}  // namespace

Filter find_number_filter(std::string_view name) { return find_in(filters, name); }

}  // namespace lamina::text::jinja
