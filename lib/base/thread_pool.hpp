// The threads that a device computes with.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/barrier.hpp"
#include "lamina/threads.hpp"

namespace lamina {

// Which thread of a pool is running.
struct Worker {
    int thread = 0;
    int threads = 1;
};

// The share of `count` units that a worker takes: contiguous, sizes differ by at most one, the same every
// time.
struct Range {
    std::uint64_t first = 0, last = 0;
};
inline Range range_of(std::uint64_t count, Worker worker) {
    const auto n = static_cast<std::uint64_t>(worker.threads), t = static_cast<std::uint64_t>(worker.thread);
    return {count * t / n, count * (t + 1) / n};
}

// A pool keeps its threads: the first parallel() starts them, the destructor ends them. Between two calls
// they spin for some tens of microseconds and then sleep. Signals are left to the host's threads.
class ThreadPool {
  public:
    // `pin`: while they compute, threads are bound to one CPU each, of those that the calling thread may use
    // now. Without effect for a single thread, on the host's threads, and where there are not exactly as many
    // CPUs as threads. `host`: the host's threads, used instead of own ones.
    ThreadPool(int threads, bool pin, HostThreads host = {});
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const;
    bool pins() const;

    // Runs work(worker) on every thread; the calling thread is worker 0 and is bound to its CPU meanwhile.
    // `work` must not throw. Calls from several threads take turns. Throws out_of_memory where a thread
    // cannot be started (the next call tries again) and device_failed in a process forked after the threads
    // started.
    template <class Work>
    void parallel(const Work& work) {
        run([](const void* w, Worker worker) { (*static_cast<const Work*>(w))(worker); }, &work);
    }

  private:
    using Call = void (*)(const void* work, Worker worker);
    void run(Call call, const void* work);

    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lamina
