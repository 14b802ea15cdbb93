// A model on OpenMP's threads.
#include <omp.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "lamina/openmp.hpp"
#include "support/expect_error.hpp"
#include "text_model.hpp"

namespace lamina::engine::test {
namespace {

using lamina::test::expect_error;

Model load_on_openmp(int threads) {
    return TextModel::load(
        {.sequences = 3, .backend = "cpu", .threads = threads, .host_threads = openmp_threads()});
}

}  // namespace

TEST_CASE("OpenMP: every thread runs once, all at the same time") {
    constexpr int count = 3;
    std::atomic<int> calls[count] = {}, arrived = 0;
    openmp_threads()(count, [&](int thread) {
        ++calls[thread];
        ++arrived;
        while (arrived < count) std::this_thread::yield();
    });
    for (const auto& each : calls) CHECK(each == 1);
}

TEST_CASE("OpenMP: logits are those of an own team") {
    const auto own = logits_of(TextModel::load({.backend = "cpu", .threads = 2}));
    for (const int threads : {1, 2, 3}) CHECK(logits_of(load_on_openmp(threads)) == own);
}

TEST_CASE("OpenMP: several threads of the host compute, with a model each and with one for all") {
    const auto own = logits_of(TextModel::load({.backend = "cpu", .threads = 2}));
    const Model shared = load_on_openmp(2);
    constexpr std::size_t count = 3;
    std::vector<float> alone[count], together[count];
    std::vector<std::thread> hosts;
    for (std::size_t i = 0; i < count; ++i) {
        hosts.emplace_back([&, i] {
            alone[i] = logits_of(load_on_openmp(2));
            together[i] = logits_of(Model(shared));
        });
    }
    for (auto& host : hosts) host.join();
    for (std::size_t i = 0; i < count; ++i) {
        CHECK(alone[i] == own);
        CHECK(together[i] == own);
    }
}

TEST_CASE("OpenMP: inside a region that allows no other the call fails, and the next one outside computes") {
    const Model model = load_on_openmp(2);
    const auto before = logits_of(model);
    const int levels = omp_get_max_active_levels();
    omp_set_max_active_levels(1);
#pragma omp parallel num_threads(2)
    {
#pragma omp single
        expect_error(ErrorCode::invalid_argument,
                     {"openmp", "threads", "a team of 2", "found 1", "OMP_MAX_ACTIVE_LEVELS"},
                     [&] { logits_of(model); });
    }
    omp_set_max_active_levels(levels);
    CHECK(logits_of(model) == before);
}

TEST_CASE("OpenMP: inside a region that allows another the model computes") {
    const Model model = load_on_openmp(2);
    const auto before = logits_of(model);
    const int levels = omp_get_max_active_levels();
    omp_set_max_active_levels(2);
    std::vector<float> inside;
#pragma omp parallel num_threads(2)
    {
#pragma omp single
        inside = logits_of(model);
    }
    omp_set_max_active_levels(levels);
    CHECK(inside == before);
}

TEST_CASE("OpenMP: a team that is adjusted to the machine is refused") {
    const int more = omp_get_num_procs() + 1;
    std::atomic<int> calls = 0;
    omp_set_dynamic(1);
    expect_error(ErrorCode::invalid_argument, {"a team of " + std::to_string(more), "OMP_DYNAMIC"},
                 [&] { openmp_threads()(more, [&](int) { ++calls; }); });
    omp_set_dynamic(0);
    CHECK(calls == 0);
}

// The limit is the environment's: this case has a run of its own.
TEST_CASE("OpenMP: a team above the thread limit is refused", "[.thread_limit]") {
    REQUIRE(omp_get_thread_limit() == 2);
    const auto own = logits_of(TextModel::load({.backend = "cpu", .threads = 2}));
    CHECK(logits_of(load_on_openmp(2)) == own);
    expect_error(ErrorCode::invalid_argument, {"a team of 3", "found 2", "OMP_THREAD_LIMIT"},
                 [] { logits_of(load_on_openmp(3)); });
}

}  // namespace lamina::engine::test
