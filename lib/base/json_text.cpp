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

}  // namespace

bool append_json(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t size = utf8_sequence(text);
        if (size == 0) return false;
        const char c = text.front();
        if (size == 1 && static_cast<unsigned char>(c) < 0x20) {
            append_escaped(out, c);
        } else {
            if (c == '"' || c == '\\') out += '\\';
            out += text.substr(0, size);
        }
        text.remove_prefix(size);
    }
    out += '"';
    return true;
}

}  // namespace lamina
