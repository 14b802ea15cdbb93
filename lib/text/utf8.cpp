#include "text/utf8.hpp"

#include <cstring>

namespace lamina::text {
namespace {

bool continues(std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

std::uint32_t six_bits(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]) & 0x3Fu;
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
    const std::uint32_t lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) return {lead, 1};
    if (lead < 0xC2 || lead > 0xF4 || !continues(text, at + 1)) return {};
    if (lead < 0xE0) return {(lead & 0x1F) << 6 | six_bits(text, at + 1), 2};
    if (!continues(text, at + 2)) return {};
    if (lead < 0xF0) {
        const std::uint32_t code = (lead & 0x0F) << 12 | six_bits(text, at + 1) << 6 | six_bits(text, at + 2);
        if (code < 0x800 || (code >= 0xD800 && code <= 0xDFFF)) return {};  // overlong, surrogate
        return {code, 3};
    }
    if (!continues(text, at + 3)) return {};
    const std::uint32_t code = (lead & 0x07) << 18 | six_bits(text, at + 1) << 12 |
                               six_bits(text, at + 2) << 6 | six_bits(text, at + 3);
    if (code < 0x10000 || code > 0x10FFFF) return {};
    return {code, 4};
}

std::size_t well_formed_end(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        std::uint64_t eight = 0;
        if (text.size() - at >= 8) {  // eight ASCII bytes at a time
            std::memcpy(&eight, text.data() + at, 8);
            if ((eight & 0x8080808080808080u) == 0) {
                at += 8;
                continue;
            }
        }
        const auto size = character_at(text, at).size;
        if (size == 0) break;
        at += size;
    }
    return at;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3F));
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

bool Utf8Repair::begin(unsigned char byte) {
    if (byte < 0xC2 || byte > 0xF4) return false;
    missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;   // no overlong forms
    high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;  // no surrogates, nothing above U+10FFFF
    pending_ = static_cast<char>(byte);
    return true;
}

void Utf8Repair::push(unsigned char byte, std::string& out) {
    if (missing_ > 0) {
        if (byte >= low_ && byte <= high_) {
            pending_ += static_cast<char>(byte);
            low_ = 0x80;
            high_ = 0xBF;
            if (--missing_ == 0) out += pending_;
            return;
        }
        out += replacement_character;
        missing_ = 0;
    }
    if (byte < 0x80) {
        out += static_cast<char>(byte);
    } else if (!begin(byte)) {
        out += replacement_character;
    }
}

void Utf8Repair::push(std::string_view bytes, std::string& out) {
    for (const char byte : bytes) push(static_cast<unsigned char>(byte), out);
}

void Utf8Repair::flush(std::string& out) {
    if (missing_ > 0) out += replacement_character;
    missing_ = 0;
}

}  // namespace lamina::text
