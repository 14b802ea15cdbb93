// How many threads this process has.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <thread>

namespace lamina::test {

inline std::ptrdiff_t threads_of_this_process() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                         std::filesystem::directory_iterator{});
}

// The same once no more than `count` are left, or after ten seconds: the system lists a joined thread for a
// moment longer.
inline std::ptrdiff_t threads_down_to(std::ptrdiff_t count) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::seconds(10);
    auto threads = threads_of_this_process();
    while (threads > count && Clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        threads = threads_of_this_process();
    }
    return threads;
}

}  // namespace lamina::test
