// Memory of the CPU device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace lamina::cpu {

// Zeroed memory, aligned to 64 bytes; from the size of a huge page on aligned to huge pages and asked to be
// made of them (4 KiB pages cost a streaming kernel 2 to 8 %). Pages come as they are touched: by the thread
// that uses them.
class Allocation {
  public:
    Allocation() = default;
    // Throws out_of_memory that names `what` and the bytes.
    Allocation(std::uint64_t bytes, std::string_view what);
    ~Allocation();
    Allocation(Allocation&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Allocation& operator=(Allocation&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }

    std::byte* data() const { return data_; }
    std::uint64_t bytes() const { return bytes_; }

  private:
    std::byte* data_ = nullptr;
    std::uint64_t bytes_ = 0;
};

}  // namespace lamina::cpu
