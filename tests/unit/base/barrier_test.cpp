#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "base/barrier.hpp"

using lamina::Barrier;

TEST_CASE("barrier: nobody passes before all have arrived") {
    constexpr int threads = 3, rounds = 2000;
    Barrier barrier;
    std::atomic<int> arrived = 0;
    std::atomic<int> early = 0;
    std::vector<std::thread> pool;
    for (int t = 0; t < threads; ++t) {
        pool.emplace_back([&] {
            for (int round = 1; round <= rounds; ++round) {
                ++arrived;
                barrier.wait(threads);
                if (arrived < round * threads) ++early;
                barrier.wait(threads);
            }
        });
    }
    for (auto& thread : pool) thread.join();
    CHECK(early == 0);
    CHECK(arrived == threads * rounds);
}

TEST_CASE("barrier: a thread that sleeps on it is woken") {
    Barrier barrier;
    std::atomic<bool> passed = false;
    std::thread sleeper([&] {
        barrier.wait(2);
        passed = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // past its spinning
    CHECK_FALSE(passed);
    barrier.wait(2);
    sleeper.join();
    CHECK(passed);
}

TEST_CASE("barrier: a pool of one never waits") {
    Barrier barrier;
    int passed = 0;
    for (int i = 0; i < 3; ++i) barrier.wait(1), ++passed;
    CHECK(passed == 3);
}
