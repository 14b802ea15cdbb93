// What people give instead of a model gets one line that they understand.
#include <catch2/catch.hpp>

#include "gguf_cases.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;
using namespace lamina::test;
using format::open_model;

namespace {

void expect_refusal(std::string_view contents, std::initializer_list<std::string_view> words) {
    TemporaryDirectory folder;
    const auto path = folder.file("file", contents);
    for (const auto access : {FileAccess::map, FileAccess::read}) {
        expect_error(ErrorCode::bad_file, {path, "expected a GGUF model file, found"},
                     [&] { open_model(path, access); });
        expect_error(ErrorCode::bad_file, words, [&] { open_model(path, access); });
    }
}

}  // namespace

TEST_CASE("not a GGUF file: missing, empty, a directory") {
    TemporaryDirectory folder;
    const auto access = GENERATE(FileAccess::map, FileAccess::read);
    expect_error(ErrorCode::io, {"no such file"}, [&] { open_model(folder / "none", access); });
    expect_error(ErrorCode::io, {"the file is empty"}, [&] { open_model(folder.file("empty", ""), access); });
    expect_error(ErrorCode::io, {"expected a file, found a directory"},
                 [&] { open_model(folder / "", access); });
}

TEST_CASE("not a GGUF file: text, HTML, archives and other models") {
    expect_refusal("Once upon a time there was a text\nof several lines",
                   {"a text file that begins with 'Once upon"});
    expect_refusal("x", {"a text file that begins with 'x'"});
    expect_refusal("GGU", {"a text file that begins with 'GGU'"});
    expect_refusal("<!DOCTYPE html><html>", {"an HTML page"});
    expect_refusal("version https://git-lfs.github.com/spec/v1\noid sha256:0",
                   {"Git LFS pointer", "not downloaded"});
    expect_refusal(std::string_view("PK\x03\x04zip", 7), {"a zip archive"});
    expect_refusal(std::string_view("\x08\0\0\0\0\0\0\0{}      ", 16), {"a safetensors file"});
    expect_refusal("tjgg\x01", {"before GGUF"});
    expect_refusal(std::string_view("\xDE\xAD\xBE\xEF\0\x01\x02\x03\x04", 9),
                   {"begins with the bytes de ad be ef 00 01 02 03"});
}

TEST_CASE("GGUF cut off within its first bytes says what is missing") {
    TemporaryDirectory folder;
    expect_error(ErrorCode::bad_file, {"'version' at byte 4", "0 bytes to the end of the file"},
                 [&] { open_model(folder.file("m", "GGUF"), FileAccess::map); });
    expect_error(ErrorCode::bad_file, {"'tensor count' at byte 8"}, [&] {
        open_model(folder.file("m", std::string_view("GGUF\3\0\0\0\1", 9)), FileAccess::map);
    });
}
