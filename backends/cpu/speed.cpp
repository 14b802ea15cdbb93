#include "cpu/speed.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>

#include "cpu/kernels/linear_task.hpp"
#include "cpu/memory.hpp"
#include "cpu/ops/ops.hpp"

namespace lamina::cpu {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int passes = 5;

// The least of some runs, after one that warms up.
template <class Work>
double best_seconds(const Work& work) {
    double best = 0;
    for (int pass = 0; pass <= passes; ++pass) {
        const auto start = Clock::now();
        work();
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        if (pass == 1 || (pass > 1 && seconds < best)) best = seconds;
    }
    return best;
}

// Sums eight streams, so that additions do not wait for each other.
std::uint64_t sum(const std::uint64_t* data, std::uint64_t count) {
    std::uint64_t parts[8] = {};
    for (std::uint64_t i = 0; i + 8 <= count; i += 8) {
        for (std::uint64_t k = 0; k < 8; ++k) parts[k] += data[i + k];
    }
    std::uint64_t total = 0;
    for (const std::uint64_t part : parts) total += part;
    return total;
}

double read_rate(ThreadPool& pool) {
    constexpr std::uint64_t bytes = std::uint64_t{1} << 30, words = bytes / sizeof(std::uint64_t);
    const Allocation memory(bytes, "memory to read");
    auto* data = reinterpret_cast<std::uint64_t*>(memory.data());
    // Each thread reads what it has touched first.
    pool.parallel([&](Worker worker) {
        const Range mine = range_of(words, worker);
        std::memset(data + mine.first, worker.thread + 1, (mine.last - mine.first) * sizeof(std::uint64_t));
    });
    std::atomic<std::uint64_t> total = 0;
    return static_cast<double>(bytes) / best_seconds([&] {
               pool.parallel([&](Worker worker) {
                   const Range mine = range_of(words, worker);
                   total += sum(data + mine.first, mine.last - mine.first);
               });
           });
}

// Multiplications and additions a second of all threads; 0 without a kernel.
double operation_rate(const Peak& peak, float value, ThreadPool& pool) {
    if (peak.run == nullptr) return 0;
    const auto run = [&](std::uint64_t rounds) {
        pool.parallel([&](Worker) {
            alignas(64) std::array<float, peak_bytes / sizeof(float)> data;
            alignas(64) std::array<float, 16> out = {};
            data.fill(value);
            peak.run(rounds, reinterpret_cast<const std::uint8_t*>(data.data()), out.data());
        });
    };
    std::uint64_t rounds = 1000;
    while (rounds < 1u << 24) {
        const auto start = Clock::now();
        run(rounds);
        if (Clock::now() - start > std::chrono::milliseconds(5)) break;
        rounds *= 2;
    }
    return 2.0 * static_cast<double>(rounds * peak.products) * pool.threads() /
           best_seconds([&] { run(rounds); });
}

}  // namespace

DeviceSpeed measure_speed(Isa isa, ThreadPool& pool) {
    const auto* dense = first_level(dense_levels(), [isa](const Level<DenseKernels>& level) {
        return level.kernels.f32 != nullptr && usable(level.isa, isa);
    });
    const auto* pairs = first_level(dense_levels(), [isa](const Level<DenseKernels>& level) {
        return level.kernels.bf16_pairs != nullptr && usable(level.isa, isa);
    });
    const TileKernels* tiles = tile_kernels(isa);
    const Peak bf16 = tiles ? tiles->peak : pairs ? pairs->kernels.peak : Peak{};
    float ones;  // codes
    std::memset(&ones, 1, sizeof ones);
    return {.read_bytes_per_s = read_rate(pool),
            .int8_operations_per_s = operation_rate(packed_kernels(isa).peak, ones, pool),
            .bf16_operations_per_s = operation_rate(bf16, 1.0f, pool),
            .f32_operations_per_s = operation_rate(dense->kernels.peak, 1.0f, pool)};
}

}  // namespace lamina::cpu
