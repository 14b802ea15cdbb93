// File reading while the system misbehaves: this program's own pread and madvise stand before libc's.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>

#include "base/file.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_directory.hpp"

namespace {

struct Faults {
    int open_error = 0;                   // what open gives, 0: as it is
    int open_interrupts = 0;              // times that it gives EINTR before
    std::size_t longest_read = SIZE_MAX;  // bytes that a call reads at most
    int interrupt_every = 0;              // each n-th call gives EINTR
    int fail_at_call = 0;                 // this call gives EIO
    int populate_error = 0;               // what MADV_POPULATE_READ gives, 0: as it is
    int populate_interrupts = 0;          // times that it gives EINTR before
    int reads = 0;
    int populates = 0;
};
Faults faults;

int fail_with(int error) {
    errno = error;
    return -1;
}

}  // namespace

extern "C" int open(const char* path, int flags, ...) {
    if (faults.open_interrupts-- > 0) return fail_with(EINTR);
    if (faults.open_error != 0) return fail_with(faults.open_error);
    return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, 0600));
}

extern "C" ssize_t pread(int fd, void* data, size_t size, off_t offset) {
    ++faults.reads;
    if (faults.interrupt_every > 0 && faults.reads % faults.interrupt_every == 0) return fail_with(EINTR);
    if (faults.reads == faults.fail_at_call) return fail_with(EIO);
    return ::syscall(SYS_pread64, fd, data, std::min(size, faults.longest_read), offset);
}

extern "C" int madvise(void* address, size_t size, int advice) noexcept {
    constexpr int populate_read = 22;
    if (advice == populate_read) {
        ++faults.populates;
        if (faults.populate_interrupts-- > 0) return fail_with(EINTR);
        if (faults.populate_error != 0) return fail_with(faults.populate_error);
    }
    return static_cast<int>(::syscall(SYS_madvise, address, size, advice));
}

using namespace lamina;
using lamina::test::expect_error;
using lamina::test::TemporaryDirectory;

TEST_CASE("file: what the system refuses to open is said in words") {
    TemporaryDirectory folder;
    const auto path = folder.file("f", "x");
    faults = {.open_interrupts = 2};
    CHECK_NOTHROW(open_file(path, FileAccess::map));
    faults = {.open_error = EACCES};
    expect_error(ErrorCode::io, {path, "no permission to read"}, [&] { open_file(path, FileAccess::map); });
    faults = {.open_error = EIO};
    expect_error(ErrorCode::io, {path, "read error"}, [&] { open_file(path, FileAccess::map); });
    faults = {.open_error = EMFILE};
    expect_error(ErrorCode::io, {path, "too many files are open"}, [&] { open_file(path, FileAccess::map); });
    faults = {.open_error = ENXIO};
    expect_error(ErrorCode::io, {path, "cannot read this file (error 6)"},
                 [&] { open_file(path, FileAccess::map); });
    faults = {};
}

TEST_CASE("file: short and interrupted reads are continued") {
    TemporaryDirectory folder;
    std::string text(10007, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 131 % 251);
    const auto path = folder.file("f", text);
    faults = {.longest_read = 100, .interrupt_every = 3};
    const auto file = open_file(path, FileAccess::read);
    CHECK(faults.reads > 101);
    REQUIRE(file->bytes().size() == text.size());
    CHECK(std::memcmp(file->bytes().data(), text.data(), text.size()) == 0);
}

TEST_CASE("file: a read error at any call is an error that names the file") {
    TemporaryDirectory folder;
    const auto path = folder.file("f", std::string(1000, 'x'));
    for (int call = 1; call <= 10; ++call) {
        faults = {.longest_read = 100, .fail_at_call = call};
        expect_error(ErrorCode::io, {path, "read error"}, [&] { open_file(path, FileAccess::read); });
    }
    faults = {.longest_read = 100, .fail_at_call = 11};
    CHECK_NOTHROW(open_file(path, FileAccess::read));
}

TEST_CASE("file: a file that ends while it is read is an error") {
    TemporaryDirectory folder;
    const auto path = folder.file("f", std::string(1000, 'x'));
    faults = {.longest_read = 0};
    expect_error(ErrorCode::io, {path, "expected 1000 bytes", "truncated"},
                 [&] { open_file(path, FileAccess::read); });
}

TEST_CASE("file: kernels without MADV_POPULATE_READ check the size instead") {
    TemporaryDirectory folder;
    const auto path = folder.file("f", std::string(20000, 'x'));
    faults = {.populate_error = EINVAL};
    const auto file = open_file(path, FileAccess::map);
    CHECK_NOTHROW(file->populate(0, 20000));
    CHECK(faults.populates == 1);
    std::filesystem::resize_file(path, 5000);
    CHECK_NOTHROW(file->populate(0, 5000));
    expect_error(ErrorCode::io, {path, "truncated"}, [&] { file->populate(0, 20000); });
}

TEST_CASE("file: populate goes on when interrupted and reports what the kernel says") {
    TemporaryDirectory folder;
    const auto path = folder.file("f", std::string(20000, 'x'));
    faults = {};
    const auto file = open_file(path, FileAccess::map);
    faults = {.populate_interrupts = 3};
    CHECK_NOTHROW(file->populate(0, 20000));
    CHECK(faults.populates == 4);
    faults = {.populate_error = EFAULT};
    expect_error(ErrorCode::io, {path, "read error"}, [&] { file->populate(0, 20000); });
    faults = {.populate_error = ENOMEM};
    expect_error(ErrorCode::out_of_memory, {path, "no memory"}, [&] { file->populate(0, 20000); });
    faults = {};
}
