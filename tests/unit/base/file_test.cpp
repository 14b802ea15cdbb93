#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <limits>

#include "base/file.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;
using lamina::test::expect_error;
using lamina::test::TemporaryDirectory;

namespace {

std::string some_text(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 131 % 251);
    return out;
}

bool same(std::span<const std::byte> bytes, std::string_view text) {
    return bytes.size() == text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

}  // namespace

TEST_CASE("file: mapped and read give the same bytes") {
    const auto access = GENERATE(FileAccess::map, FileAccess::read);
    const auto size = GENERATE(std::size_t{1}, std::size_t{4095}, std::size_t{4096}, std::size_t{4097},
                               std::size_t{300000});
    TemporaryDirectory folder;
    const auto text = some_text(size);
    const auto file = open_file(folder.file("f", text), access);
    CHECK(same(file->bytes(), text));
    file->populate(0, size);
    file->populate(size - 1, 1);
    file->populate(size, 0);
    file->release(0, size);
    CHECK(same(file->bytes(), text));
}

TEST_CASE("file: bytes are aligned to pages") {
    const auto access = GENERATE(FileAccess::map, FileAccess::read);
    TemporaryDirectory folder;
    const auto file = open_file(folder.file("f", some_text(100)), access);
    CHECK(reinterpret_cast<std::uintptr_t>(file->bytes().data()) % 4096 == 0);
}

TEST_CASE("file: what cannot be opened gives a sentence that a user understands") {
    const auto access = GENERATE(FileAccess::map, FileAccess::read);
    TemporaryDirectory folder;
    expect_error(ErrorCode::io, {folder / "missing", "no such file"},
                 [&] { open_file(folder / "missing", access); });
    expect_error(ErrorCode::io, {"expected a file, found a directory"},
                 [&] { open_file(folder / "", access); });
    expect_error(ErrorCode::io, {"the file is empty"}, [&] { open_file(folder.file("empty", ""), access); });
    expect_error(ErrorCode::io, {"empty path"}, [&] { open_file("", access); });
    expect_error(ErrorCode::io, {"zero byte"}, [&] { open_file(std::string("a\0b", 3), access); });
    expect_error(ErrorCode::io, {"no such file", "not a directory"},
                 [&] { open_file(folder.file("plain", "x") + "/below", access); });
    expect_error(ErrorCode::io, {"path is too long"}, [&] { open_file(std::string(10000, 'x'), access); });
    expect_error(ErrorCode::io, {"found a pipe, socket or device"}, [&] { open_file("/dev/null", access); });
}

TEST_CASE("file: a named pipe is refused and does not wait for a writer") {
    TemporaryDirectory folder;
    const auto path = folder / "pipe";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    expect_error(ErrorCode::io, {"expected a regular file", "pipe"},
                 [&] { open_file(path, FileAccess::map); });
}

TEST_CASE("file: one without permission to read is refused") {
    TemporaryDirectory folder;
    const auto path = folder.file("secret", "x");
    REQUIRE(::chmod(path.c_str(), 0) == 0);
    if (::geteuid() == 0) {
        WARN("skipped: root may read every file");
        return;
    }
    expect_error(ErrorCode::io, {path, "no permission to read"}, [&] { open_file(path, FileAccess::map); });
}

TEST_CASE("file: truncation of a mapped file is an error at populate") {
    TemporaryDirectory folder;
    const auto path = folder.file("f", some_text(20000));
    const auto file = open_file(path, FileAccess::map);
    const auto left =
        GENERATE(std::uintmax_t{0}, std::uintmax_t{1}, std::uintmax_t{4096}, std::uintmax_t{19999});
    std::filesystem::resize_file(path, left);
    expect_error(ErrorCode::io, {path, "expected 20000 bytes", "truncated"},
                 [&] { file->populate(0, 20000); });
    if (left > 0) CHECK_NOTHROW(file->populate(0, left));
}

TEST_CASE("file: truncation does not touch a file that was read") {
    TemporaryDirectory folder;
    const auto text = some_text(20000);
    const auto path = folder.file("f", text);
    const auto file = open_file(path, FileAccess::read);
    std::filesystem::resize_file(path, 0);
    file->populate(0, 20000);
    CHECK(same(file->bytes(), text));
}

TEST_CASE("file: ranges outside the file are refused") {
    const auto access = GENERATE(FileAccess::map, FileAccess::read);
    TemporaryDirectory folder;
    const auto file = open_file(folder.file("f", some_text(100)), access);
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    const auto refused = [&](std::uint64_t offset, std::uint64_t size) {
        expect_error(ErrorCode::invalid_argument, {}, [&] { file->populate(offset, size); });
        expect_error(ErrorCode::invalid_argument, {}, [&] { file->release(offset, size); });
    };
    refused(0, 101);
    refused(101, 0);
    refused(100, 1);
    refused(1, most);
    refused(most, most);
}
