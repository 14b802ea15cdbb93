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

#include "base/thread_pool.hpp"
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

// What `look` gives on each thread of the pool.
template <class Look>
auto on_each(ThreadPool& pool, Look look) {
    std::vector<decltype(look())> out(static_cast<std::size_t>(pool.threads()));
    pool.parallel([&](Worker worker) { out[static_cast<std::size_t>(worker.thread)] = look(); });
    return out;
}

}  // namespace

TEST_CASE("pool: every worker runs at the same time, as often as called", "[pool]") {
    for (const int threads : {1, 2, 3, 7}) {
        ThreadPool pool(threads, false);
        std::vector<int> calls(static_cast<std::size_t>(threads));
        Barrier all;
        for (int round = 0; round < 200; ++round) {
            pool.parallel([&](Worker worker) {
                ++calls[static_cast<std::size_t>(worker.thread)];
                all.wait(worker.threads);
            });
        }
        CHECK(calls == std::vector<int>(static_cast<std::size_t>(threads), 200));
    }
}

TEST_CASE("pool: no thread before it is asked for, none afterwards", "[pool]") {
    const auto before = threads_of_this_process();
    {
        ThreadPool pool(3, false);
        CHECK(threads_down_to(before) == before);
        pool.parallel([](Worker) {});
        CHECK(threads_of_this_process() == before + 2);
        pool.parallel([](Worker) {});
        CHECK(threads_of_this_process() == before + 2);
    }
    CHECK(threads_down_to(before) == before);
}

TEST_CASE("pool: threads are bound to one CPU each, the caller while it computes", "[pool]") {
    const auto own = cpus_of_this_thread();
    if (own.size() < 2) {
        WARN("left out: this process may use one CPU only");
        return;
    }
    ThreadPool pool(static_cast<int>(own.size()), true);
    REQUIRE(pool.pins());
    std::set<int> used;
    for (const auto& cpus : on_each(pool, cpus_of_this_thread)) {
        REQUIRE(cpus.size() == 1);
        used.insert(cpus[0]);
    }
    CHECK(used.size() == own.size());
    CHECK(cpus_of_this_thread() == own);
}

TEST_CASE("pool: not bound without the option, alone, and where CPUs do not suffice", "[pool]") {
    CHECK(!ThreadPool(2, false).pins());
    CHECK(!ThreadPool(1, true).pins());
    const auto cpus = static_cast<int>(cpus_of_this_thread().size());
    CHECK(!ThreadPool(cpus + 1, true).pins());
    if (cpus > 1) CHECK(!ThreadPool(cpus - 1, true).pins());
}

TEST_CASE("pool: signals are left to the host's threads", "[pool]") {
    const auto blocked = [] {
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        // Not bool: threads write neighbouring elements, which bits of a vector<bool> must not be.
        return sigismember(&mask, SIGINT) + sigismember(&mask, SIGUSR1);
    };
    ThreadPool pool(3, false);
    const auto seen = on_each(pool, blocked);
    CHECK(seen == std::vector<int>{0, 2, 2});
}

TEST_CASE("pool: calls from several threads take turns", "[pool]") {
    ThreadPool pool(2, false);
    std::atomic<int> inside = 0, most = 0, calls = 0;
    std::vector<std::thread> hosts;
    for (int host = 0; host < 4; ++host) {
        hosts.emplace_back([&] {
            for (int i = 0; i < 50; ++i) {
                pool.parallel([&](Worker) {
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

TEST_CASE("pool: a host's threads instead of own ones", "[pool]") {
    const auto before = threads_of_this_process();
    int calls = 0;
    std::set<std::thread::id> seen;
    ThreadPool pool(3, true, [&](int count, const std::function<void(int)>& body) {
        ++calls;
        CHECK(threads_down_to(before) == before);
        std::vector<std::thread> own;
        for (int i = 1; i < count; ++i) own.emplace_back(body, i);
        body(0);
        for (auto& thread : own) thread.join();
    });
    CHECK(!pool.pins());
    Barrier all;
    for (const auto id : on_each(pool, [] { return std::this_thread::get_id(); })) seen.insert(id);
    pool.parallel([&](Worker worker) { all.wait(worker.threads); });
    CHECK(calls == 2);
    CHECK(seen.size() == 3);
}

TEST_CASE("pool: what a host's threads throw reaches the caller, and the next call works", "[pool]") {
    bool fail = true;
    ThreadPool pool(2, false, [&](int count, const std::function<void(int)>& body) {
        if (fail) throw std::runtime_error("no threads today");
        std::thread other(body, 1);
        body(count - 2);
        other.join();
    });
    CHECK_THROWS_WITH(pool.parallel([](Worker) {}), "no threads today");
    fail = false;
    std::atomic<int> calls = 0;
    pool.parallel([&](Worker) { ++calls; });
    CHECK(calls == 2);
}

TEST_CASE("pool: a forked process is told so instead of waiting for ever", "[pool]") {
    ThreadPool pool(2, false);
    pool.parallel([](Worker) {});
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        int status = 1;
        try {
            pool.parallel([](Worker) {});
        } catch (const Error& error) { status = error.code() == ErrorCode::device_failed ? 0 : 2; }
        _exit(status);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}
