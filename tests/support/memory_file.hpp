// A file that lies in memory, for tests of parsers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/file.hpp"

namespace lamina::test {

class MemoryFile final : public FileBytes {
  public:
    explicit MemoryFile(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) { bytes_.shrink_to_fit(); }
    std::span<const std::byte> bytes() const override { return bytes_; }
    void populate(std::uint64_t, std::uint64_t) const override {}
    void release(std::uint64_t, std::uint64_t) const override {}

  private:
    std::vector<std::byte> bytes_;
};

inline std::shared_ptr<const FileBytes> in_memory(std::vector<std::byte> bytes) {
    return std::make_shared<MemoryFile>(std::move(bytes));
}

}  // namespace lamina::test
