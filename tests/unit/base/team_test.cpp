#include <catch2/catch.hpp>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/team.hpp"
#include "lamina/error.hpp"
#include "support/threads.hpp"

using namespace lamina;
using test::threads_down_to;
using test::threads_of_this_process;

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

// What `look` gives on each thread of the team.
template <class Look>
auto on_each(Team& team, Look look) {
    std::vector<decltype(look())> out(static_cast<std::size_t>(team.threads()));
    team.parallel([&](Worker worker) { out[static_cast<std::size_t>(worker.thread)] = look(); });
    return out;
}

}  // namespace

TEST_CASE("team: every worker runs at the same time, as often as called", "[team]") {
    for (const int threads : {1, 2, 3, 7}) {
        Team team(threads, false);
        std::vector<int> calls(static_cast<std::size_t>(threads));
        Barrier all;
        for (int round = 0; round < 200; ++round) {
            team.parallel([&](Worker worker) {
                ++calls[static_cast<std::size_t>(worker.thread)];
                all.wait(worker.threads);
            });
        }
        CHECK(calls == std::vector<int>(static_cast<std::size_t>(threads), 200));
    }
}

TEST_CASE("team: no thread before it is asked for, none afterwards", "[team]") {
    const auto before = threads_of_this_process();
    {
        Team team(3, false);
        CHECK(threads_down_to(before) == before);
        team.parallel([](Worker) {});
        CHECK(threads_of_this_process() == before + 2);
        team.parallel([](Worker) {});
        CHECK(threads_of_this_process() == before + 2);
    }
    CHECK(threads_down_to(before) == before);
}

TEST_CASE("team: threads are bound to one CPU each, the caller while it computes", "[team]") {
    const auto own = cpus_of_this_thread();
    if (own.size() < 2) {
        WARN("left out: this process may use one CPU only");
        return;
    }
    Team team(static_cast<int>(own.size()), true);
    REQUIRE(team.pins());
    std::set<int> used;
    for (const auto& cpus : on_each(team, cpus_of_this_thread)) {
        REQUIRE(cpus.size() == 1);
        used.insert(cpus[0]);
    }
    CHECK(used.size() == own.size());
    CHECK(cpus_of_this_thread() == own);
}

TEST_CASE("team: not bound without the option, alone, and where CPUs do not suffice", "[team]") {
    CHECK(!Team(2, false).pins());
    CHECK(!Team(1, true).pins());
    const auto cpus = static_cast<int>(cpus_of_this_thread().size());
    CHECK(!Team(cpus + 1, true).pins());
    if (cpus > 1) CHECK(!Team(cpus - 1, true).pins());
}

TEST_CASE("team: signals are left to the host's threads", "[team]") {
    const auto blocked = [] {
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        // Not bool: threads write neighbouring elements, which bits of a vector<bool> must not be.
        return sigismember(&mask, SIGINT) + sigismember(&mask, SIGUSR1);
    };
    Team team(3, false);
    const auto seen = on_each(team, blocked);
    CHECK(seen == std::vector<int>{0, 2, 2});
}

TEST_CASE("team: calls from several threads take turns", "[team]") {
    Team team(2, false);
    std::atomic<int> inside = 0, most = 0, calls = 0;
    std::vector<std::thread> hosts;
    for (int host = 0; host < 4; ++host) {
        hosts.emplace_back([&] {
            for (int i = 0; i < 50; ++i) {
                team.parallel([&](Worker) {
                    most = std::max(most.load(), ++inside);
                    ++calls;
                    --inside;
                });
            }
        });
    }
    for (auto& host : hosts) host.join();
    CHECK(calls == 4 * 50 * 2);
    CHECK(most <= 2);
}

TEST_CASE("team: a host's threads instead of own ones", "[team]") {
    const auto before = threads_of_this_process();
    int calls = 0;
    std::set<std::thread::id> seen;
    Team team(3, true, [&](int count, const std::function<void(int)>& body) {
        ++calls;
        CHECK(threads_down_to(before) == before);
        std::vector<std::thread> own;
        for (int i = 1; i < count; ++i) own.emplace_back(body, i);
        body(0);
        for (auto& thread : own) thread.join();
    });
    CHECK(!team.pins());
    Barrier all;
    for (const auto id : on_each(team, [] { return std::this_thread::get_id(); })) seen.insert(id);
    team.parallel([&](Worker worker) { all.wait(worker.threads); });
    CHECK(calls == 2);
    CHECK(seen.size() == 3);
}

TEST_CASE("team: what a host's threads throw reaches the caller, and the next call works", "[team]") {
    bool fail = true;
    Team team(2, false, [&](int count, const std::function<void(int)>& body) {
        if (fail) throw std::runtime_error("no threads today");
        std::thread other(body, 1);
        body(count - 2);
        other.join();
    });
    CHECK_THROWS_WITH(team.parallel([](Worker) {}), "no threads today");
    fail = false;
    std::atomic<int> calls = 0;
    team.parallel([&](Worker) { ++calls; });
    CHECK(calls == 2);
}

TEST_CASE("team: a forked process is told so instead of waiting for ever", "[team]") {
    Team team(2, false);
    team.parallel([](Worker) {});
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        int status = 1;
        try {
            team.parallel([](Worker) {});
        } catch (const Error& error) { status = error.code() == ErrorCode::device_failed ? 0 : 2; }
        _exit(status);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}
