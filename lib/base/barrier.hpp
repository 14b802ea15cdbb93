// Where the threads of a pool wait for each other between two stages.
#pragma once

#include <atomic>
#include <cstdint>

namespace lamina {

// Waits spinning for some tens of microseconds, which is longer than threads that have a CPU of their own
// need, and sleeping after that: on a shared machine the one that is late may be waiting for this very CPU.
// (libgomp's own barrier spins for milliseconds: with other programs on the machine a step took ten times as
// long.)
class Barrier {
  public:
    // Returns when `threads` threads have called it as often as this one.
    void wait(int threads) {
        if (threads == 1) return;
        const std::uint32_t phase = phase_.load(std::memory_order_acquire);
        arrive(threads);
        for (int spin = 0; spin < spins; ++spin) {
            if (phase_.load(std::memory_order_acquire) != phase) return;
            __builtin_ia32_pause();
        }
        while (phase_.load(std::memory_order_acquire) == phase) phase_.wait(phase, std::memory_order_acquire);
    }

    // Counts as one call of wait() without waiting: for threads that will not come any more.
    void arrive(int threads) {
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 != static_cast<std::uint32_t>(threads))
            return;
        arrived_.store(0, std::memory_order_relaxed);
        phase_.fetch_add(1, std::memory_order_release);
        phase_.notify_all();
    }

  private:
    static constexpr int spins = 2000;  // of some 15 to 60 ns each

    alignas(64) std::atomic<std::uint32_t> arrived_ = 0;
    alignas(64) std::atomic<std::uint32_t> phase_ = 0;
};

}  // namespace lamina
