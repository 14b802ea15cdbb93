#include <catch2/catch.hpp>
#include <set>

#include "lamina/error.hpp"

using namespace lamina;

TEST_CASE("error text names area, file, subject, offset, expected and found") {
    const Error error(ErrorCode::bad_file, {.area = "gguf",
                                            .file = "model.gguf",
                                            .subject = "llama.block_count",
                                            .offset = 312,
                                            .expected = "1..4096",
                                            .found = "0"});
    CHECK(std::string(error.what()) ==
          "[gguf] model.gguf: 'llama.block_count' at byte 312: expected 1..4096, found 0");
    CHECK(error.code() == ErrorCode::bad_file);
    CHECK(error.details().offset == 312u);
}

TEST_CASE("error text leaves out what is not given") {
    CHECK(std::string(Error(ErrorCode::io, "file", "no such file").what()) == "[file] no such file");
    CHECK(std::string(Error(ErrorCode::io, {.file = "f", .found = "nothing"}).what()) == "f: nothing");
    CHECK(std::string(Error(ErrorCode::io, {.expected = "a file"}).what()) == "expected a file");
    CHECK(std::string(Error(ErrorCode::io, {.area = "gguf", .offset = 7, .found = "x"}).what()) ==
          "[gguf] at byte 7: x");
}

TEST_CASE("error text stays one line of bounded length whatever a name holds") {
    const std::string hostile = "a\nb\r\x1b[31m\x7f" + std::string(1 << 20, 'x');
    const Error error(ErrorCode::bad_file,
                      {.file = hostile, .subject = hostile, .expected = hostile, .found = hostile});
    const std::string text = error.what();
    CHECK(text.size() < 6000);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) FAIL("control character " << int(byte));
    }
    CHECK(text.find("a?b??[31m?x") != std::string::npos);
}

TEST_CASE("error text is UTF-8 whatever a name holds") {
    const auto text_of = [](std::string subject) {
        return std::string(Error(ErrorCode::bad_file, {.subject = std::move(subject), .found = "x"}).what());
    };
    CHECK(text_of("\u00e9\u20ac\U0001F600") == "'\u00e9\u20ac\U0001F600': x");
    CHECK(text_of("\xFF\x80z") == "'??z': x");
    CHECK(text_of("\xC0\xAF") ==
          "'??"
          "': x");  // overlong
    CHECK(text_of("\xE0\x80\x80") ==
          "'???"
          "': x");  // overlong
    CHECK(text_of("\xED\xA0\x80") ==
          "'???"
          "': x");  // surrogate
    CHECK(text_of("\xF4\x90\x80\x80") ==
          "'????"
          "': x");  // beyond U+10FFFF
    CHECK(text_of("\xE2\x82") ==
          "'??"
          "': x");                           // cut off
    CHECK(text_of("\xC2\x9B") == "'?': x");  // a C1 control character
    // A character at the limit is not cut in two.
    const std::string long_text = std::string(199, 'a') + "\u20ac\u20ac";
    CHECK(text_of(long_text) == "'" + std::string(199, 'a') + "\u20ac...': x");
}

TEST_CASE("error codes have names of their own") {
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(ErrorCode::device_failed); ++i) {
        const auto name = to_string(static_cast<ErrorCode>(i));
        CHECK(name != "unknown");
        CHECK(names.insert(name).second);
    }
}
