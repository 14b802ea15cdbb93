#include "base/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors.hpp"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22  // Linux 5.14; older kernels answer EINVAL
#endif

namespace lamina {
namespace {

constexpr std::uint64_t read_chunk = std::uint64_t{1} << 30;  // Linux reads at most 2 GiB - 4 KiB a call

Errors errors_of(const std::string& path) { return {"file", path}; }

[[noreturn]] void fail_memory(const std::string& path, std::uint64_t bytes = 0) {
    errors_of(path).fail(ErrorCode::out_of_memory, "",
                         bytes > 0 ? std::to_string(bytes) + " bytes of memory" : "",
                         "no memory left to load this file");
}

[[noreturn]] void fail_errno(const std::string& path, int error) {
    switch (error) {
        case ENOENT: errors_of(path).fail(ErrorCode::io, "", "", "no such file");
        case ENOTDIR:
            errors_of(path).fail(ErrorCode::io, "", "",
                                 "no such file: a part of the path is not a directory");
        case EACCES:
        case EPERM: errors_of(path).fail(ErrorCode::io, "", "", "no permission to read this file");
        case EISDIR: errors_of(path).fail(ErrorCode::io, "", "a file", "a directory");
        case ENAMETOOLONG: errors_of(path).fail(ErrorCode::io, "", "", "the path is too long");
        case EMFILE:
        case ENFILE: errors_of(path).fail(ErrorCode::io, "", "", "too many files are open");
        case ENOMEM: fail_memory(path);
        case EIO: errors_of(path).fail(ErrorCode::io, "", "", "the device reports a read error");
        default:
            errors_of(path).fail(ErrorCode::io, "", "",
                                 "the system cannot read this file (error " + std::to_string(error) + ")");
    }
}

[[noreturn]] void fail_truncated(const std::string& path, std::uint64_t expected, std::uint64_t found) {
    errors_of(path).fail(ErrorCode::io, "", std::to_string(expected) + " bytes",
                         std::to_string(found) + " bytes: the file was truncated while it was in use");
}

class FileDescriptor {
  public:
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    FileDescriptor& operator=(FileDescriptor&&) = delete;
    ~FileDescriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

FileDescriptor open_descriptor(const std::string& path) {
    if (path.empty()) errors_of(path).fail(ErrorCode::io, "", "the path of a file", "an empty path");
    if (path.find('\0') != std::string::npos)
        errors_of(path).fail(ErrorCode::io, "", "the path of a file", "a path with a zero byte");
    // O_NONBLOCK: opening a named pipe must not wait for a writer; regular files ignore it.
    int fd = -1;
    do { fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); } while (fd < 0 && errno == EINTR);
    if (fd < 0) fail_errno(path, errno);
    return FileDescriptor(fd);
}

std::uint64_t size_now(int fd, const std::string& path) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) fail_errno(path, errno);
    if (S_ISDIR(status.st_mode)) errors_of(path).fail(ErrorCode::io, "", "a file", "a directory");
    if (!S_ISREG(status.st_mode))
        errors_of(path).fail(ErrorCode::io, "", "a regular file", "a pipe, socket or device");
    return static_cast<std::uint64_t>(status.st_size);
}

void check_range(const std::string& path, std::uint64_t offset, std::uint64_t size, std::uint64_t total) {
    if (offset <= total && size <= total - offset) return;
    errors_of(path).at(offset).refuse("", "a range within " + std::to_string(total) + " bytes",
                                      std::to_string(size) + " bytes");
}

class MappedFile final : public FileBytes {
  public:
    MappedFile(FileDescriptor fd, std::string path, std::uint64_t size)
        : fd_(std::move(fd)), path_(std::move(path)), size_(size) {
        address_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd_.get(), 0);
        if (address_ != MAP_FAILED) return;
        if (errno == ENOMEM) fail_memory(path_, size_);
        fail_errno(path_, errno);
    }
    ~MappedFile() override { ::munmap(address_, size_); }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    std::span<const std::byte> bytes() const override {
        return {static_cast<const std::byte*>(address_), static_cast<std::size_t>(size_)};
    }

    void populate(std::uint64_t offset, std::uint64_t size) const override {
        check_range(path_, offset, size, size_);
        if (size == 0) return;
        const std::uint64_t begin = offset / page_ * page_;
        const int error = advise(begin, offset + size - begin, MADV_POPULATE_READ);
        if (error == ENOMEM) fail_memory(path_, size);
        if (error != 0 && error != EINVAL && error != EFAULT) fail_errno(path_, error);
        // The size is checked in any case: the tail of a last page that is cut off reads as zeros.
        const std::uint64_t now = size_now(fd_.get(), path_);
        if (now < offset + size) fail_truncated(path_, size_, now);
        if (error == EFAULT) fail_errno(path_, EIO);
    }

    void release(std::uint64_t offset, std::uint64_t size) const override {
        check_range(path_, offset, size, size_);
        // Whole pages only: the neighbours' bytes on shared pages may still be wanted.
        const std::uint64_t begin = (offset + page_ - 1) / page_ * page_;
        const std::uint64_t end = offset + size == size_ ? size_ : (offset + size) / page_ * page_;
        if (begin < end) advise(begin, end - begin, MADV_DONTNEED);  // only a hint: a failure costs memory
    }

  private:
    int advise(std::uint64_t begin, std::uint64_t size, int advice) const {
        int result = 0;
        do {
            result = ::madvise(static_cast<char*>(address_) + begin, size, advice);
        } while (result != 0 && (errno == EINTR || errno == EAGAIN));
        return result == 0 ? 0 : errno;
    }

    FileDescriptor fd_;
    std::string path_;
    std::uint64_t size_;
    std::uint64_t page_ = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    void* address_ = nullptr;
};

class ReadFile final : public FileBytes {
  public:
    ReadFile(const FileDescriptor& fd, std::string path, std::uint64_t size)
        : path_(std::move(path)), size_(size) {
        data_ = static_cast<std::byte*>(::operator new(size_, alignment, std::nothrow));
        if (data_ == nullptr) fail_memory(path_, size_);
        try {
            fill(fd.get());
        } catch (...) {
            ::operator delete(data_, alignment);
            throw;
        }
    }
    ~ReadFile() override { ::operator delete(data_, alignment); }
    ReadFile(const ReadFile&) = delete;
    ReadFile& operator=(const ReadFile&) = delete;

    std::span<const std::byte> bytes() const override { return {data_, static_cast<std::size_t>(size_)}; }
    void populate(std::uint64_t offset, std::uint64_t size) const override {
        check_range(path_, offset, size, size_);
    }
    void release(std::uint64_t offset, std::uint64_t size) const override {
        check_range(path_, offset, size, size_);
    }

  private:
    static constexpr std::align_val_t alignment{4096};  // as a mapping has it: kernels may rely on it

    void fill(int fd) {
        std::uint64_t done = 0;
        while (done < size_) {
            const auto wanted = static_cast<std::size_t>(std::min(size_ - done, read_chunk));
            const auto got = ::pread(fd, data_ + done, wanted, static_cast<off_t>(done));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) fail_errno(path_, errno);
            if (got == 0) fail_truncated(path_, size_, done);
            done += static_cast<std::uint64_t>(got);
        }
    }

    std::string path_;
    std::uint64_t size_;
    std::byte* data_ = nullptr;
};

}  // namespace

std::shared_ptr<const FileBytes> open_file(const std::string& path, FileAccess access) {
    auto fd = open_descriptor(path);
    const std::uint64_t size = size_now(fd.get(), path);
    if (size == 0) errors_of(path).fail(ErrorCode::io, "", "", "the file is empty");
    if (size > std::numeric_limits<std::size_t>::max() / 2)
        errors_of(path).fail(ErrorCode::io, "", "", "the file is too large to map");
    if (access == FileAccess::map) return std::make_shared<MappedFile>(std::move(fd), path, size);
    return std::make_shared<ReadFile>(fd, path, size);
}

}  // namespace lamina
