#include <catch2/catch.hpp>

#include <sched.h>

#include <set>

#include "cpu/team.hpp"
#include "tests/support/op_case.hpp"

using namespace lamina;

namespace {

std::vector<int> cpus_of_this_thread() {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    std::vector<int> out;
    for (int i = 0; i < CPU_SETSIZE; ++i) {
        if (CPU_ISSET(i, &set)) out.push_back(i);
    }
    return out;
}

std::vector<std::vector<int>> cpus_of(const cpu::Team& team) {
    std::vector<std::vector<int>> out(static_cast<std::size_t>(team.threads()));
    team.parallel(
        [&](cpu::Worker worker) { out[static_cast<std::size_t>(worker.thread)] = cpus_of_this_thread(); });
    return out;
}

}  // namespace

TEST_CASE("team: threads are bound while asked for, and free again afterwards", "[team]") {
    const auto own = cpus_of_this_thread();
    if (own.size() < 2) {
        WARN("left out: this process may use one CPU only");
        return;
    }
    const int threads = static_cast<int>(own.size());
    const cpu::Team team(threads, true);
    REQUIRE(team.pins());
    const auto before = cpus_of(team);
    {
        const cpu::Team::Pinned pinned(team);
        std::set<int> used;
        for (const auto& cpus : cpus_of(team)) {
            REQUIRE(cpus.size() == 1);
            used.insert(cpus[0]);
        }
        CHECK(used.size() == static_cast<std::size_t>(threads));
    }
    CHECK(cpus_of(team) == before);
    CHECK(cpus_of_this_thread() == own);
}

TEST_CASE("team: not bound without the option, alone, and where CPUs do not suffice", "[team]") {
    CHECK(!cpu::Team(2, false).pins());
    CHECK(!cpu::Team(1, true).pins());
    const auto cpus = static_cast<int>(cpus_of_this_thread().size());
    CHECK(!cpu::Team(cpus + 1, true).pins());
    CHECK(!cpu::Team(cpus - 1, true).pins());
}

TEST_CASE("team: a step leaves the host's thread as it was", "[team]") {
    const auto own = cpus_of_this_thread();
    test::OpCase c(2);
    const auto x = c.input(64, std::vector<float>(128, 1.0f));
    c.program.ops.push_back(backend::Scale{.x = x, .scale = 2.0f});
    test::Bound bound(cpu::record(), c, 2);
    bound.run({{.tokens = {0, 1}}});
    CHECK(cpus_of_this_thread() == own);
    CHECK(bound.read(x) == std::vector<float>(128, 2.0f));
}

TEST_CASE("team: works inside a host's own parallel region", "[team]") {
    int right = 0;
#pragma omp parallel num_threads(2) reduction(+ : right)
    {
        test::OpCase c(3);
        const auto x = c.input(64, std::vector<float>(192, 1.0f));
        c.program.ops.push_back(backend::Scale{.x = x, .scale = 2.0f});
        test::Bound bound(cpu::record(), c, 2);
        bound.run({{.tokens = {0, 1, 2}}});
        right += bound.read(x) == std::vector<float>(192, 2.0f);
    }
    CHECK(right >= 1);
    CHECK(right <= 2);
}
