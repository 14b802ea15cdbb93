// JSON as Python's json.dumps writes it.
#include <algorithm>
#include <cmath>

#include "text/jinja/print.hpp"
#include "text/jinja/unicode.hpp"

namespace lamina::text::jinja {

namespace {

std::string hex4(char32_t c) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out = "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += digits[(c >> shift) & 0xF];
    return out;
}

// Empty: the character stands for itself.
std::string escape_of(char32_t c, bool ascii) {
    switch (c) {
        case '"': return "\\\"";
        case '\\': return "\\\\";
        case '\n': return "\\n";
        case '\r': return "\\r";
        case '\t': return "\\t";
        case '\f': return "\\f";
        case '\b': return "\\b";
        default: break;
    }
    if (c < 0x20) return hex4(c);
    if (c < 0x7F || !ascii) return {};
    if (c < 0x10000) return hex4(c);
    return hex4(0xD7C0 + (c >> 10)) + hex4(0xDC00 + (c & 0x3FF));
}

class JsonWriter {
  public:
    JsonWriter(TextBuilder& out, const JsonStyle& style) : out_(out), style_(style) {}

    void write(const Value& value, std::size_t level) {
        out_.budget().step();
        if (const auto* text = value.text()) return quoted(*text, value.trusted());
        if (const auto* dict = value.dict()) return object(*dict, value.trusted(), level);
        const auto* list = value.list();
        if (list && (list->shape == Shape::list || list->shape == Shape::tuple)) {
            return array(*list, value.trusted(), level);
        }
        out_.append(scalar(value), value.trusted());
    }

  private:
    std::string scalar(const Value& value) {
        if (value.is_none()) return "null";
        if (const auto* v = value.get<bool>()) return *v ? "true" : "false";
        if (const auto* v = value.get<std::int64_t>()) return std::to_string(*v);
        const auto* real = value.get<double>();
        if (!real) out_.budget().fail("'" + std::string(value.type_name()) + "' has no JSON form");
        if (std::isnan(*real)) return "NaN";
        return std::isinf(*real) ? (*real < 0 ? "-Infinity" : "Infinity") : repr_of(*real);
    }

    void quoted(const MarkedText& marked, bool trusted) {
        const bool quotes = trusted && wholly_trusted(marked);
        const std::string_view text = marked.text;
        out_.append("\"", quotes);
        TrustCursor cursor(marked);
        std::size_t plain = 0;  // what stands for itself is copied in one piece
        for (std::size_t at = 0; at < text.size();) {
            const auto start = at;
            const auto escape = escape_of(next_character(text, at), style_.ascii);
            if (escape.empty()) continue;
            out_.append(marked, plain, start - plain);
            out_.append(escape, cursor.at(start));
            plain = at;
        }
        out_.append(marked, plain, text.size() - plain);
        out_.append("\"", quotes);
    }

    void key(const Value& key, bool trusted) {
        if (const auto* text = key.text()) return quoted(*text, trusted);
        const auto text = scalar(key);
        out_.append("\"" + text + "\"", trusted && key.trusted());
    }

    void new_line(std::size_t level, bool trusted) {
        if (!style_.indent) return;
        out_.append("\n", trusted);
        for (std::size_t i = 0; i < level; ++i) out_.append(style_.indent->text, trusted);
    }

    void between(bool first, std::size_t level, bool trusted) {
        if (!first) out_.append(style_.between_items.text, trusted);
        new_line(level, trusted);
    }

    void array(const List& list, bool trusted, std::size_t level) {
        if (list.items.empty()) return out_.append("[]", trusted);
        out_.append("[", trusted);
        bool first = true;
        for (const auto& item : list.items) {
            between(std::exchange(first, false), level + 1, trusted);
            write(item, level + 1);
        }
        new_line(level, trusted);
        out_.append("]", trusted);
    }

    std::vector<const Dict::Entry*> ordered(const Dict& dict) {
        std::vector<const Dict::Entry*> out;
        for (const auto& entry : dict.entries()) out.push_back(&entry);
        if (!style_.sort_keys) return out;
        for (const auto* entry : out) {
            if (!entry->key.text()) out_.budget().fail("only text keys can be sorted");
        }
        std::sort(out.begin(), out.end(),
                  [](const auto* a, const auto* b) { return a->key.text()->text < b->key.text()->text; });
        return out;
    }

    void object(const Dict& dict, bool trusted, std::size_t level) {
        if (dict.size() == 0) return out_.append("{}", trusted);
        out_.append("{", trusted);
        bool first = true;
        for (const auto* entry : ordered(dict)) {
            between(std::exchange(first, false), level + 1, trusted);
            key(entry->key, trusted);
            out_.append(style_.behind_key.text, trusted);
            write(entry->value, level + 1);
        }
        new_line(level, trusted);
        out_.append("}", trusted);
    }

    TextBuilder& out_;
    const JsonStyle& style_;
};

}  // namespace

void write_json(TextBuilder& out, const Value& value, const JsonStyle& style) {
    JsonWriter(out, style).write(value, 0);
}

}  // namespace lamina::text::jinja
