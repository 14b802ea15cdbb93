// Memory of the CPU device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "lamina/threads.hpp"

namespace lamina::cpu {

// Zeroed memory, aligned to 64 bytes; from the size of a huge page on aligned to huge pages and asked to be
// made of them (4 KiB pages cost a streaming kernel 2 to 8 %). Pages come as they are touched: by the thread
// that uses them. A host's allocator, where there is one, decides all but the zeros itself.
class Allocation {
  public:
    Allocation() = default;
    // Throws out_of_memory that names `what` and the bytes.
    Allocation(std::uint64_t bytes, std::string_view what,
               std::shared_ptr<const HostAllocator> allocator = nullptr);
    ~Allocation();
    Allocation(Allocation&& other) noexcept
        : allocator_(std::move(other.allocator_)),
          data_(std::exchange(other.data_, nullptr)),
          bytes_(std::exchange(other.bytes_, 0)) {}
    Allocation& operator=(Allocation&& other) noexcept {
        std::swap(allocator_, other.allocator_);
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }

    std::byte* data() const { return data_; }
    std::uint64_t bytes() const { return bytes_; }

  private:
    std::shared_ptr<const HostAllocator> allocator_;  // null: the system's memory
    std::byte* data_ = nullptr;
    std::uint64_t bytes_ = 0;
};

}  // namespace lamina::cpu
