#include "cpu/memory.hpp"

#include <sys/mman.h>

#include <cstring>
#include <limits>
#include <new>
#include <string>

#include "base/checked.hpp"
#include "cpu/errors.hpp"

namespace lamina::cpu {
namespace {

constexpr std::uint64_t huge_page = 2u << 20;
constexpr std::align_val_t line{64};

std::uint64_t alignment(std::uint64_t bytes) {
    return bytes >= huge_page ? huge_page : static_cast<std::uint64_t>(line);
}

// Maps with a huge page to spare and gives back what lies outside the aligned part.
std::byte* map(std::uint64_t bytes) {
    const auto whole = checked_add(bytes, 2 * huge_page);
    if (!whole || *whole > std::numeric_limits<std::ptrdiff_t>::max()) return nullptr;
    const std::uint64_t size = align_up(bytes, 4096), mapped = size + huge_page;
    void* start = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return nullptr;
    auto* first = static_cast<std::byte*>(start);
    const auto address = reinterpret_cast<std::uintptr_t>(first);
    const std::uint64_t skip = align_up(address, huge_page) - address;
    if (skip > 0) munmap(first, skip);
    munmap(first + skip + size, mapped - skip - size);
    madvise(first + skip, size, MADV_HUGEPAGE);  // a wish: kernels without it do as well
    return first + skip;
}

}  // namespace

Allocation::Allocation(std::uint64_t bytes, std::string_view what,
                       std::shared_ptr<const HostAllocator> allocator)
    : allocator_(std::move(allocator)), bytes_(bytes) {
    if (bytes == 0) return;
    if (allocator_) {
        data_ = static_cast<std::byte*>(allocator_->allocate(bytes, alignment(bytes)));
    } else if (bytes >= huge_page) {
        data_ = map(bytes);
    } else {
        data_ = static_cast<std::byte*>(::operator new(bytes, line, std::nothrow));
    }
    if (data_ != nullptr) {
        const bool zeroed = !allocator_ && bytes >= huge_page;
        if (!zeroed) std::memset(data_, 0, bytes);
        return;
    }
    errors.fail(ErrorCode::out_of_memory, what, std::to_string(bytes) + " bytes of memory", "none to be had");
}

Allocation::~Allocation() {
    if (data_ == nullptr) return;
    if (allocator_) {
        allocator_->release(data_, bytes_, alignment(bytes_));
    } else if (bytes_ >= huge_page) {
        munmap(data_, align_up(bytes_, 4096));
    } else {
        ::operator delete(data_, line);
    }
}

}  // namespace lamina::cpu
