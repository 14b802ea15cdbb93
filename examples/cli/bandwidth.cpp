#include "bandwidth.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace lamina::cli {
namespace {

constexpr std::size_t words = (std::size_t{1} << 30) / sizeof(std::uint64_t);
constexpr int passes = 5;

// Sums eight streams, so that additions do not wait for each other.
std::uint64_t sum(const std::uint64_t* data, std::size_t count) {
    std::uint64_t parts[8] = {};
    for (std::size_t i = 0; i + 8 <= count; i += 8) {
        for (std::size_t k = 0; k < 8; ++k) parts[k] += data[i + k];
    }
    std::uint64_t total = 0;
    for (const std::uint64_t part : parts) total += part;
    return total;
}

}  // namespace

double read_bandwidth(int threads) {
    using Clock = std::chrono::steady_clock;
    const auto count = static_cast<std::size_t>(std::max(threads, 1));
    const std::unique_ptr<std::uint64_t[]> data(
        new std::uint64_t[words]);  // not initialised: each thread touches its part
    std::barrier<> together(static_cast<std::ptrdiff_t>(count) + 1);
    std::atomic<std::uint64_t> result = 0;
    const auto read_part = [&](std::size_t index) {
        const std::size_t begin = words / count * index;
        const std::size_t size = words / count;
        std::memset(data.get() + begin, static_cast<int>(index + 1), size * sizeof(std::uint64_t));
        for (int pass = 0; pass < passes; ++pass) {
            together.arrive_and_wait();
            result += sum(data.get() + begin, size);
            together.arrive_and_wait();
        }
    };
    std::vector<std::jthread> readers;
    for (std::size_t i = 0; i < count; ++i) readers.emplace_back(read_part, i);
    double best = 0;
    for (int pass = 0; pass < passes; ++pass) {
        together.arrive_and_wait();
        const auto start = Clock::now();
        together.arrive_and_wait();
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        best = std::max(best, static_cast<double>(words * sizeof(std::uint64_t)) / seconds);
    }
    return best;
}

}  // namespace lamina::cli
