// How a host lends its own threads and memory to the library.
#pragma once

#include <cstdint>
#include <functional>

namespace lamina {

/// Runs `body(0)` ... `body(count - 1)`, each on a thread of its own, and returns when all have returned.
///
/// All `count` calls must be running at the same time: they wait for each other. `body` does not throw. The
/// calling thread may be one of them. Throwing instead of running any of them makes the step fail with that
/// exception.
using HostThreads = std::function<void(int count, const std::function<void(int thread)>& body)>;

/// Where the library takes its large blocks from: weights, caches and workspace. Small objects come from
/// `operator new`. Both functions may be called from several threads.
struct HostAllocator {
    /// Returns `bytes` bytes (at least 1) at a multiple of `alignment` (a power of two, 64 to 2 MiB), or null
    /// where there are none: the library throws out_of_memory then. They need not be zeroed.
    std::function<void*(std::uint64_t bytes, std::uint64_t alignment)> allocate = {};
    /// Takes back what `allocate` returned, with the same numbers. Must not throw.
    std::function<void(void* data, std::uint64_t bytes, std::uint64_t alignment)> release = {};
};

}  // namespace lamina
