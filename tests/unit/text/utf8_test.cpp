#include <utf8proc.h>
#include <catch2/catch.hpp>
#include <random>

#include "text/utf8.hpp"

using namespace lamina::text;

namespace {

std::string repaired(const std::string& bytes) {
    std::string out;
    Utf8Repair repair;
    repair.push(bytes, out);
    repair.flush(out);
    return out;
}

std::string times(int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += replacement_character;
    return out;
}

}  // namespace

TEST_CASE("every code point survives UTF-8 and surrogates do not") {
    for (std::uint32_t code = 0; code <= 0x10FFFF; ++code) {
        std::string text;
        append_utf8(text, code);
        const auto character = character_at(text, 0);
        if (code >= 0xD800 && code <= 0xDFFF) {
            if (character.size != 0) FAIL("surrogate accepted");
        } else if (character.code != code || character.size != text.size()) {
            FAIL("code point " << code);
        }
    }
    SUCCEED();
}

TEST_CASE("well-formed characters are those of utf8proc") {
    std::mt19937 random(1);
    constexpr unsigned char leads[] = {0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
                                       0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
    constexpr unsigned char nexts[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    for (const auto a : leads) {
        for (const auto b : nexts) {
            for (const auto c : nexts) {
                for (const auto d : nexts) {
                    const unsigned char bytes[] = {a, b, c, d};
                    for (std::size_t size = 1; size <= 4; ++size) {
                        utf8proc_int32_t code = -1;
                        const auto expected =
                            utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(size), &code);
                        const std::string text(reinterpret_cast<const char*>(bytes), size);
                        const auto found = character_at(text, 0);
                        if (found.size != static_cast<std::size_t>(std::max<utf8proc_ssize_t>(expected, 0)) ||
                            (found.size > 0 && found.code != static_cast<std::uint32_t>(code))) {
                            FAIL("bytes " << int{a} << " " << int{b} << " " << int{c} << " " << int{d});
                        }
                    }
                }
            }
        }
    }
    SUCCEED();
}

TEST_CASE("repair replaces maximal subparts as the Unicode standard's tables do") {
    // Unicode 15.0, tables 3-8 to 3-11.
    CHECK(repaired("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") == times(8) + "A");
    CHECK(repaired("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41") == times(8) + "A");
    CHECK(repaired("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42") == times(5) + "A" + times(2) + "B");
    CHECK(repaired("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") == times(4) + "A");
    CHECK(repaired("h\xC3\xA9 \xF0\x9F\xA6\x99") == "h\xC3\xA9 \xF0\x9F\xA6\x99");
    CHECK(repaired("\xF0\x9F\xA6") == times(1));
}

TEST_CASE("repair speaks as soon as a character is impossible and not before it is complete") {
    Utf8Repair repair;
    std::string out;
    repair.push("\xE0", out);
    CHECK(out.empty());
    repair.push("\x80", out);  // overlong: neither byte can be part of a character
    CHECK(out == times(2));
    out.clear();
    repair.push("\xF0\x9F", out);
    CHECK(out.empty());
    repair.push("\xA6", out);
    CHECK(out.empty());
    repair.push("\x99", out);
    CHECK(out == "\xF0\x9F\xA6\x99");
}

TEST_CASE("well_formed_end stops at the first byte that is no character") {
    const std::string text = "0123456789abcdef\xC3\xA9xyz\xFFrest of it";
    CHECK(well_formed_end(text, 0) == 21);
    CHECK(well_formed_end(text, 21) == 21);
    CHECK(well_formed_end(text, 22) == text.size());
    CHECK(well_formed_end("", 0) == 0);
}
