#include "cpu/team.hpp"

#include <sched.h>

namespace lamina::cpu {

// Machines of more than 1024 CPUs do not fit cpu_set_t: sched_getaffinity fails and nothing is bound.
struct Team::Pinned::Saved {
    cpu_set_t cpus;
    bool valid = false;
};

Team::Team(int threads, bool pin) : threads_(threads) {
    cpu_set_t allowed;
    if (!pin || threads < 2 || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    // A team smaller than the mask would meet every other such team on the mask's first CPUs: the system
    // spreads them better.
    if (CPU_COUNT(&allowed) != threads) return;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &allowed)) cpus_.push_back(cpu);
    }
}

Team::Pinned::Pinned(const Team& team) : team_(team) {
    // Inside a host's parallel region a team has one thread: several hosts' threads must not meet on the
    // first CPU.
    if (!team.pins() || omp_in_parallel()) return;
    saved_.resize(team.cpus_.size());
    team.parallel([this](Worker worker) {
        const auto thread = static_cast<std::size_t>(worker.thread);
        Saved& saved = saved_[thread];
        saved.valid = sched_getaffinity(0, sizeof saved.cpus, &saved.cpus) == 0;
        if (!saved.valid) return;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(team_.cpus_[thread], &one);
        sched_setaffinity(0, sizeof one, &one);  // a CPU that went offline: the thread stays free
    });
}

Team::Pinned::~Pinned() {
    if (saved_.empty()) return;
    team_.parallel([this](Worker worker) {
        const Saved& saved = saved_[static_cast<std::size_t>(worker.thread)];
        if (saved.valid) sched_setaffinity(0, sizeof saved.cpus, &saved.cpus);
    });
}

}  // namespace lamina::cpu
