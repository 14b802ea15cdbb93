#include "sample/random.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <random>

namespace lamina::sample {

std::uint64_t fresh_seed() {
    // The clock and the count keep seeds apart where the system has no random numbers to give.
    static std::atomic<std::uint64_t> count{0};
    auto seed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    seed ^= count.fetch_add(1) << 48;
    try {
        std::random_device device;
        seed ^= (std::uint64_t{device()} << 32) | device();
    } catch (const std::exception&) {}
    return seed;
}

}  // namespace lamina::sample
