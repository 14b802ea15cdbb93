// The bytes of a file, mapped or read, immutable and shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace lamina {

enum class FileAccess {
    map,   // pages come from the file as they are touched; truncation by others is found at load, not later
    read,  // one private copy in memory; immune to what happens to the file afterwards
};

class FileBytes {
  public:
    virtual ~FileBytes() = default;
    virtual std::span<const std::byte> bytes() const = 0;
    // Faults in [offset, offset + size) so that a file truncated meanwhile is an Error here and no SIGBUS
    // later (Linux MADV_POPULATE_READ; kernels without it check the file's size instead).
    virtual void populate(std::uint64_t offset, std::uint64_t size) const = 0;
    // The pages will not be read again soon.
    virtual void release(std::uint64_t offset, std::uint64_t size) const = 0;
};

// Opens a regular file. Throws Error(io) naming the path: missing, a directory, unreadable.
std::shared_ptr<const FileBytes> open_file(const std::string& path, FileAccess access);

}  // namespace lamina
