#include "support/allocations.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> held{0};
std::atomic<std::size_t> peak{0};
std::atomic<std::int64_t> blocks{0};
std::atomic<std::uint64_t> calls{0};

// Of the fault that is armed.
std::atomic<bool> armed{false}, lasting{false}, some_failed{false};
std::atomic<std::uint64_t> left{0};  // allocations that still succeed, and the one that fails

bool fails() {
    if (!armed) return false;
    std::uint64_t before = left;
    while (before > 0 && !left.compare_exchange_weak(before, before - 1)) {}
    if (before > 1 || (before == 0 && !lasting)) return false;
    some_failed = true;
    return true;
}

void* allocate(std::size_t size, std::size_t alignment) {
    ++calls;
    if (fails()) return nullptr;
    void* out = alignment <= alignof(std::max_align_t)
                    ? std::malloc(size > 0 ? size : 1)
                    : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (out == nullptr) return nullptr;
    ++blocks;
    const std::size_t now = held += ::malloc_usable_size(out);
    std::size_t before = peak;
    while (now > before && !peak.compare_exchange_weak(before, now)) {}
    return out;
}

void* allocate_or_throw(std::size_t size, std::size_t alignment = 1) {
    if (void* out = allocate(size, alignment)) return out;
    throw std::bad_alloc();
}

void release(void* pointer) noexcept {
    if (pointer == nullptr) return;
    --blocks;
    held -= ::malloc_usable_size(pointer);
    std::free(pointer);
}

}  // namespace

void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void* operator new(std::size_t size, std::align_val_t a) {
    return allocate_or_throw(size, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t size, std::align_val_t a) {
    return allocate_or_throw(size, static_cast<std::size_t>(a));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, 1); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t a, const std::nothrow_t&) noexcept {
    return allocate(size, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t size, std::align_val_t a, const std::nothrow_t&) noexcept {
    return allocate(size, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept { release(p); }
void operator delete[](void* p) noexcept { release(p); }
void operator delete(void* p, std::size_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t) noexcept { release(p); }
void operator delete(void* p, std::align_val_t) noexcept { release(p); }
void operator delete[](void* p, std::align_val_t) noexcept { release(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { release(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { release(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { release(p); }
void operator delete(void* p, std::align_val_t, const std::nothrow_t&) noexcept { release(p); }
void operator delete[](void* p, std::align_val_t, const std::nothrow_t&) noexcept { release(p); }

namespace lamina::test {

AllocationPeak::AllocationPeak() : start_(held) { peak = start_; }
std::size_t AllocationPeak::bytes() const { return peak - start_; }

std::uint64_t allocations() { return calls; }

std::int64_t live_allocations() { return blocks; }

void AllocationFault::arm() {
    if (nth_ > 0) {
        left = nth_;
        lasting = lasting_;
        some_failed = false;
        nth_ = 0;
    }
    armed = true;
}
void AllocationFault::disarm() { armed = false; }
bool AllocationFault::happened() const { return some_failed; }

}  // namespace lamina::test
