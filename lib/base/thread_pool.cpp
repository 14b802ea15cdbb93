#include "base/thread_pool.hpp"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/errors.hpp"

namespace lamina {
namespace {

// The CPUs that threads may be bound to, thread i to the i-th; none where binding would do harm or nothing.
// Machines of more than 1024 CPUs do not fit cpu_set_t: sched_getaffinity fails and nothing is bound.
std::vector<int> cpus_for(int threads) {
    cpu_set_t allowed;
    if (threads < 2 || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return {};
    // A pool smaller than the mask would meet every other such pool on the mask's first CPUs: the system
    // spreads them better.
    if (CPU_COUNT(&allowed) != threads) return {};
    std::vector<int> cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
    }
    return cpus;
}

// A CPU that went offline leaves the thread free.
void bind(int cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
}

// Binds the calling thread while it lives.
class Bound {
  public:
    explicit Bound(const std::vector<int>& cpus) {
        if (cpus.empty() || sched_getaffinity(0, sizeof before_, &before_) != 0) return;
        bound_ = true;
        bind(cpus.front());
    }
    ~Bound() {
        if (bound_) sched_setaffinity(0, sizeof before_, &before_);
    }
    Bound(const Bound&) = delete;
    Bound& operator=(const Bound&) = delete;

  private:
    cpu_set_t before_;
    bool bound_ = false;
};

// Threads started while it lives leave all signals to others.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  private:
    sigset_t before_;
};

}  // namespace

struct ThreadPool::State {
    int threads = 1;
    std::vector<int> cpus;  // thread i runs on cpus[i]; empty: not bound
    HostThreads host;

    std::mutex turn;
    std::vector<std::thread> started;  // workers 1, 2, ...
    pid_t process = 0;                 // that they live in
    Barrier begin, end;                // of a parallel call, for all threads
    Call call = nullptr;               // null: the threads end
    const void* work = nullptr;

    void start() {
        if (process != 0 && process != getpid()) {
            throw Error(ErrorCode::device_failed, "threads",
                        "the process was forked after the compute threads had started: load the model in the "
                        "new process");
        }
        if (started.size() + 1 == static_cast<std::size_t>(threads)) return;
        const SignalsBlocked blocked;
        try {
            started.reserve(static_cast<std::size_t>(threads));
            while (started.size() + 1 < static_cast<std::size_t>(threads)) {
                started.emplace_back(
                    [this, thread = static_cast<int>(started.size()) + 1] { serve(thread); });
                process = getpid();
            }
        } catch (const std::system_error& error) {
            Errors{"threads"}.fail(ErrorCode::out_of_memory, "threads", std::to_string(threads) + " threads",
                                   std::to_string(started.size() + 1) + ": " + error.what());
        }
    }

    void serve(int thread) {
        pthread_setname_np(pthread_self(), "lamina");
        if (!cpus.empty()) bind(cpus[static_cast<std::size_t>(thread)]);
        for (;;) {
            begin.wait(threads);
            if (call == nullptr) return;
            call(work, {thread, threads});
            end.wait(threads);
        }
    }

    // Ends the threads that there are. Not all may have been started: those wait for nobody then.
    void stop() {
        if (started.empty()) return;
        if (process != getpid()) {  // they exist in the parent alone
            for (auto& thread : started) thread.detach();
            return;
        }
        call = nullptr;
        const int missing =
            threads - static_cast<int>(started.size());  // the calling thread and the unstarted
        for (int i = 0; i < missing; ++i) begin.arrive(threads);
        for (auto& thread : started) thread.join();
    }
};

ThreadPool::ThreadPool(int threads, bool pin, HostThreads host) : state_(std::make_unique<State>()) {
    state_->threads = threads;
    state_->host = std::move(host);
    if (pin && !state_->host) state_->cpus = cpus_for(threads);
}

ThreadPool::~ThreadPool() { state_->stop(); }

int ThreadPool::threads() const { return state_->threads; }
bool ThreadPool::pins() const { return !state_->cpus.empty(); }

void ThreadPool::run(Call call, const void* work) {
    State& s = *state_;
    if (s.threads == 1) return call(work, {0, 1});
    const std::lock_guard lock(s.turn);
    s.call = call;
    s.work = work;
    if (s.host) return s.host(s.threads, [&s](int thread) { s.call(s.work, {thread, s.threads}); });
    s.start();
    const Bound bound(s.cpus);
    s.begin.wait(s.threads);
    call(work, {0, s.threads});
    s.end.wait(s.threads);
}

}  // namespace lamina
