#include "text/jinja/print.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "text/jinja/function.hpp"
#include "text/jinja/unicode.hpp"

namespace lamina::text::jinja {

// The shortest digits that read back as the same number, laid out as Python does: 1.0, 1e+16, 1e-05.
std::string repr_of(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    std::array<char, 64> buffer;
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
    std::string text(buffer.data(), end.ptr);
    const auto mark = text.find('e');
    int exponent = 0;
    const char* digits = text.data() + mark + 1;
    std::from_chars(digits + (*digits == '+'), text.data() + text.size(), exponent);
    if (exponent < -4 || exponent >= 16) return text;
    const auto fixed =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
    std::string out(buffer.data(), fixed.ptr);
    if (out.find('.') == out.npos) out += ".0";
    return out;
}

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

std::string hex(char32_t c, int digits) {
    std::string out;
    for (int i = digits - 1; i >= 0; --i) out += hex_digits[(c >> (4 * i)) & 0xF];
    return out;
}

std::string scalar_text(const Value& value) {
    if (const auto* v = value.get<bool>()) return *v ? "True" : "False";
    if (const auto* v = value.get<std::int64_t>()) return std::to_string(*v);
    if (const auto* v = value.get<double>()) return repr_of(*v);
    if (value.is_none()) return "None";
    if (value.is<LoopRef>()) return "<LoopContext>";
    if (const auto* v = value.get<FunctionRef>()) return "<function " + std::string((*v)->name()) + ">";
    return value.is_undefined() ? "Undefined" : "";
}

void write_quoted(TextBuilder& out, const MarkedText& marked, bool punctuation) {
    const std::string_view text = marked.text;
    const bool twice = text.find('\'') != text.npos && text.find('"') == text.npos;
    const std::string_view quote = twice ? "\"" : "'";
    out.append(quote, punctuation);
    TrustCursor cursor(marked);
    for (std::size_t at = 0; at < text.size();) {
        const auto start = at;
        const char32_t c = next_character(text, at);
        const bool trusted = cursor.at(start);
        if (c == '\\' || c == static_cast<unsigned char>(quote[0])) {
            out.append("\\", trusted);
            out.append(text.substr(start, 1), trusted);
        } else if (c == '\n' || c == '\r' || c == '\t') {
            out.append(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t", trusted);
        } else if (is_printable(c)) {
            out.append(text.substr(start, at - start), trusted);
        } else {
            out.append(c < 0x100     ? "\\x" + hex(c, 2)
                       : c < 0x10000 ? "\\u" + hex(c, 4)
                                     : "\\U" + hex(c, 8),
                       trusted);
        }
    }
    out.append(quote, punctuation);
}

void write_repr_at(TextBuilder& out, const Value& value, int depth);

void write_dict(TextBuilder& out, const Dict& dict, bool trusted, int depth) {
    out.append("{", trusted);
    bool first = true;
    for (const auto& entry : dict.entries()) {
        if (!first) out.append(", ", trusted);
        first = false;
        write_repr_at(out, entry.key, depth + 1);
        out.append(": ", trusted);
        write_repr_at(out, entry.value, depth + 1);
    }
    out.append("}", trusted);
}

// The end that the elements show: "range(0, 4)".
std::string range_text(const std::vector<Value>& items) {
    if (items.empty()) return "range(0, 0)";
    const auto at = [&](std::size_t i) { return *items[i].as_integer(); };
    const auto step = items.size() > 1 ? at(1) - at(0) : 1;
    const auto end =
        static_cast<double>(at(items.size() - 1)) + static_cast<double>(step);  // may leave 64 bits
    const auto stop = std::abs(end) < 0x1p53 ? std::to_string(static_cast<std::int64_t>(end)) : repr_of(end);
    const auto suffix = step == 1 ? ")" : ", " + std::to_string(step) + ")";
    return "range(" + std::to_string(at(0)) + ", " + stop + suffix;
}

void write_list(TextBuilder& out, const Value& value, int depth) {
    const auto& list = *value.list();
    if (list.shape == Shape::range) return out.append(range_text(list.items), value.trusted());
    const bool trusted = value.trusted();
    const bool tuple = list.shape == Shape::tuple, plain = list.shape == Shape::list;
    if (!tuple && !plain) out.append(value.type_name(), trusted);
    out.append(plain ? "[" : tuple ? "(" : "([", trusted);
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        if (i > 0) out.append(", ", trusted);
        write_repr_at(out, list.items[i], depth + 1);
    }
    if (tuple && list.items.size() == 1) out.append(",", trusted);
    out.append(plain ? "]" : tuple ? ")" : "])", trusted);
}

// The depth counts again here, as a namespace may hold itself.
void write_repr_at(TextBuilder& out, const Value& value, int depth) {
    out.budget().step();
    out.budget().check_depth(depth);
    if (const auto* text = value.text())
        return write_quoted(out, *text, value.trusted() && wholly_trusted(*text));
    if (const auto* dict = value.dict()) return write_dict(out, *dict, value.trusted(), depth);
    if (value.list()) return write_list(out, value, depth);
    if (const auto* space = value.get<Namespace*>()) {
        out.append("<Namespace ", true);
        write_dict(out, (*space)->members, true, depth);
        return out.append(">", true);
    }
    out.append(scalar_text(value), value.trusted());
}

}  // namespace

void write_repr(TextBuilder& out, const Value& value) { write_repr_at(out, value, 0); }

void write_str(TextBuilder& out, const Value& value) {
    if (const auto* text = value.text()) return out.append(*text);
    if (!value.is_undefined()) write_repr(out, value);
}

StringRef to_text(Budget& budget, const Value& value) {
    if (const auto* text = value.get<StringRef>()) return *text;
    TextBuilder out(budget);
    write_str(out, value);
    return out.finish();
}

}  // namespace lamina::text::jinja
