#include "base/json_text.hpp"

#include "base/utf8.hpp"

namespace lamina {
namespace {

void append_escaped(std::string& out, char control) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(control);
    out += "\\u00";
    out += digits[value >> 4];
    out += digits[value & 15];
}

// `instead` of each byte that is no UTF-8; where it is empty, false at the first.
bool append(std::string& out, std::string_view text, std::string_view instead) {
    out += '"';
    while (!text.empty()) {
        const std::size_t size = utf8_sequence(text);
        const char c = text.front();
        if (size == 0) {
            if (instead.empty()) return false;
            out += instead;
        } else if (size == 1 && static_cast<unsigned char>(c) < 0x20) {
            append_escaped(out, c);
        } else {
            if (c == '"' || c == '\\') out += '\\';
            out += text.substr(0, size);
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
    out += '"';
    return true;
}

}  // namespace

bool append_json(std::string& out, std::string_view text) { return append(out, text, {}); }

std::string json_text(std::string_view text) {
    std::string out;
    append(out, text, "\xEF\xBF\xBD");
    return out;
}

}  // namespace lamina
