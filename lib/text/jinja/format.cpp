#include "text/jinja/format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "text/jinja/print.hpp"
#include "text/jinja/unicode.hpp"

namespace lamina::text::jinja {

namespace {

constexpr std::int64_t max_precision = 1000;  // digits; a double has no more than 767 that matter

std::string upper_ascii(std::string text) {
    for (auto& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return text;
}

std::string digits_of(double value, std::chars_format form, int precision) {
    std::array<char, 2048> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, form, precision);
    return std::string(buffer.data(), end.ptr);
}

std::string integer_digits(std::uint64_t value, char type, bool alternate) {
    const int base = type == 'x' || type == 'X' ? 16 : type == 'o' ? 8 : type == 'b' ? 2 : 10;
    std::array<char, 72> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, base);
    std::string out(buffer.data(), end.ptr);
    if (alternate && base != 10) out.insert(0, base == 16 ? "0x" : base == 8 ? "0o" : "0b");
    return type == 'X' ? upper_ascii(out) : out;
}

// Separates thousands in the integral part.
void group_digits(std::string& digits) {
    auto end = digits.find_first_not_of("0123456789");
    if (end == digits.npos) end = digits.size();
    for (auto at = static_cast<std::ptrdiff_t>(end) - 3; at > 0; at -= 3) {
        digits.insert(static_cast<std::size_t>(at), ",");
    }
}

bool is_real_type(char type) { return std::string_view("eEfFgG%").find(type) != std::string_view::npos; }

// The digits of a number and, apart from them, its sign.
std::string number_digits(const Budget& budget, const Value& value, const FormatSpec& spec,
                          std::string& sign) {
    const auto integer = value.as_integer();
    const char type = spec.type;
    std::string out;
    bool negative = false;
    if (type && is_real_type(type)) {
        const double real = *value.as_number();
        negative = std::signbit(real) && !std::isnan(real);
        out = format_real(std::abs(real), type, spec.precision, spec.alternate);
    } else if (const auto* real = value.get<double>()) {
        negative = std::signbit(*real) && !std::isnan(*real);
        if (type) budget.fail(std::string("format '") + type + "' does not apply to 'float'");
        out = spec.precision < 0 ? repr_of(std::abs(*real))
                                 : format_real(std::abs(*real), 'g', spec.precision, false);
    } else {
        negative = *integer < 0;
        const auto magnitude = static_cast<std::uint64_t>(*integer);
        out = integer_digits(negative ? 0 - magnitude : magnitude, type, spec.alternate);
    }
    if (spec.group) group_digits(out);
    sign = negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
    return out;
}

void pad(TextBuilder& out, const FormatSpec& spec, char natural, std::string_view sign,
         const MarkedText& body) {
    const auto characters = static_cast<std::int64_t>(count_characters(body.text) + sign.size());
    const auto missing = static_cast<std::size_t>(std::max<std::int64_t>(spec.width - characters, 0));
    const char align = spec.align ? spec.align : natural;
    const auto before = align == '<' || align == '=' ? 0 : align == '^' ? missing / 2 : missing;
    const auto inside = align == '=' ? missing : 0;
    const bool trusted = wholly_trusted(body);
    out.repeat(spec.fill, before, spec.trusted);
    out.append(sign, trusted);
    out.repeat(spec.fill, inside, spec.trusted);
    out.append(body);
    out.repeat(spec.fill, missing - before - inside, spec.trusted);
}

}  // namespace

std::string format_real(double value, char type, std::int64_t precision, bool alternate) {
    const bool upper = type == 'E' || type == 'F' || type == 'G';
    const char kind = static_cast<char>(type == '%' ? '%' : type | 0x20);
    if (std::isnan(value) || std::isinf(value)) {
        const std::string out = std::isnan(value) ? "nan" : "inf";
        return (upper ? upper_ascii(out) : out) + (kind == '%' ? "%" : "");
    }
    const auto digits =
        static_cast<int>(std::clamp<std::int64_t>(precision < 0 ? 6 : precision, 0, max_precision));
    std::string out;
    if (kind == '%') {
        out = digits_of(value * 100, std::chars_format::fixed, digits) + "%";
    } else if (kind == 'f') {
        out = digits_of(value, std::chars_format::fixed, digits);
    } else if (kind == 'e') {
        out = digits_of(value, std::chars_format::scientific, digits);
    } else {
        out = digits_of(value, std::chars_format::general, std::max(digits, 1));
    }
    if (alternate && out.find('.') == out.npos && kind == 'f') out += ".";
    return upper ? upper_ascii(out) : out;
}

void write_formatted(TextBuilder& out, const Value& value, const FormatSpec& spec) {
    const auto& budget = out.budget();
    if (spec.precision > max_precision && !value.text()) budget.fail("a precision above 1000");
    const bool plain_bool = value.is<bool>() && !spec.type;
    if (value.as_number() && spec.type != 's' && !plain_bool) {
        std::string sign;
        MarkedText body;
        body.text = number_digits(budget, value, spec, sign);
        body.spans.push_back({body.text.size(), value.trusted()});
        return pad(out, spec, '>', sign, body);
    }
    if (spec.type && spec.type != 's') {
        budget.fail(std::string("format '") + spec.type + "' does not apply to '" +
                    std::string(value.type_name()) + "'");
    }
    const auto whole = to_text(out.budget(), value);
    if (spec.precision < 0) return pad(out, spec, '<', "", whole->text);
    std::size_t end = 0;
    for (std::int64_t i = 0; i < spec.precision && end < whole->text.text.size(); ++i) {
        end += character_size(whole->text.text, end);
    }
    pad(out, spec, '<', "", slice(out.budget(), whole->text, 0, end)->text);
}

// ---- "%s" % values ----

namespace {

class PercentFormat {
  public:
    PercentFormat(Interpreter& in, const MarkedText& pattern, const Value& values)
        : in_(in), pattern_(pattern), text_(pattern.text), values_(values), out_(in.budget()) {
        const auto* list = values.list();
        tuple_ = list && list->shape == Shape::tuple ? list : nullptr;
    }

    Value run() {
        while (at_ < text_.size()) {
            const auto mark = std::min(text_.find('%', at_), text_.size());
            out_.append(pattern_, at_, mark - at_);
            at_ = mark;
            if (at_ < text_.size()) field();
        }
        // What can be indexed, other than a tuple or text, may go unused.
        const bool optional = !tuple_ && (values_.dict() || values_.list() || values_.is_undefined());
        if (!optional && used_ < (tuple_ ? tuple_->items.size() : 1))
            fail("not all arguments were used by the format");
        return Value(out_.finish());
    }

  private:
    [[noreturn]] void fail(const std::string& message) { in_.budget().fail(message); }

    char take() {
        if (at_ >= text_.size()) fail("the format is incomplete");
        return text_[at_++];
    }

    Value next_value() {
        if (tuple_) {
            if (used_ >= tuple_->items.size()) fail("not enough arguments for the format");
            return tuple_->items[used_++];
        }
        if (used_++ > 0) fail("not enough arguments for the format");
        return values_;
    }

    std::int64_t number(char& c) {
        if (c == '*') {
            const auto value = next_value().as_integer();
            if (!value) fail("'*' in a format needs an integer");
            c = take();
            return *value;
        }
        std::int64_t out = 0;
        for (; c >= '0' && c <= '9'; c = take())
            out = std::min<std::int64_t>(out * 10 + (c - '0'), max_string + 1);
        return out;
    }

    Value named_value() {
        const auto end = text_.find(')', at_);
        if (end == text_.npos) fail("the format is incomplete");
        if (!values_.dict()) fail("the format needs a mapping");
        const auto* found = values_.dict()->find(text_.substr(at_, end - at_));
        if (!found) fail("the format names a missing key");
        at_ = end + 1;
        return *found;
    }

    void field() {
        ++at_;
        std::optional<Value> value;
        char c = take();
        if (c == '(') {
            value = named_value();
            c = take();
        }
        FormatSpec spec;
        spec.align = '>';
        spec.trusted = trusted_;
        for (; std::string_view("-+ #0").find(c) != std::string_view::npos; c = take()) flag(spec, c);
        spec.width = number(c);
        if (spec.width < 0) spec.align = '<', spec.width = -spec.width;
        if (c == '.') {
            c = take();
            spec.precision = number(c);
        }
        if (c == '%') return out_.append("%", trusted_);
        write(value ? *value : next_value(), spec, c);
    }

    static void flag(FormatSpec& spec, char c) {
        if (c == '-') spec.align = '<';
        if (c == '+' || (c == ' ' && spec.sign != '+')) spec.sign = c;
        if (c == '#') spec.alternate = true;
        if (c == '0' && spec.align != '<') spec.align = '=', spec.fill = "0";
    }

    void write(const Value& value, FormatSpec& spec, char c) {
        if (value.is_undefined() && c != 's') fail_undefined(in_.budget(), value);
        if (c == 's' || c == 'r' || c == 'a') {
            spec.type = 's';
            if (spec.align == '=') spec.align = '>', spec.fill = " ";
            if (c == 's') return write_formatted(out_, Value(to_text(in_.budget(), value)), spec);
            TextBuilder repr(in_.budget());
            write_repr(repr, value);
            return write_formatted(out_, Value(repr.finish()), spec);
        }
        if (!value.as_number()) fail(std::string("%") + c + " needs a number");
        if (std::string_view("eEfFgG").find(c) != std::string_view::npos) {
            spec.type = c;
            return write_formatted(out_, value, spec);
        }
        if (std::string_view("diuxXo").find(c) == std::string_view::npos)
            fail("unsupported format character");
        spec.type = c == 'x' || c == 'X' || c == 'o' ? c : 0;
        const double real = *value.as_number();
        if (!(std::abs(real) < 0x1p63)) fail("an integer beyond 64 bits");
        const auto whole = value.as_integer().value_or(static_cast<std::int64_t>(real));
        spec.precision = -1;
        write_formatted(out_, Value::integer(whole, value.trusted()), spec);
    }

    Interpreter& in_;
    const MarkedText& pattern_;
    std::string_view text_;
    const Value& values_;
    const List* tuple_;
    std::size_t at_ = 0, used_ = 0;
    TextBuilder out_;
    const bool trusted_ = wholly_trusted(pattern_);
};

}  // namespace

Value format_percent(Interpreter& in, const MarkedText& pattern, const Value& values) {
    return PercentFormat(in, pattern, values).run();
}

}  // namespace lamina::text::jinja
