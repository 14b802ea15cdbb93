// The threads that a device computes with.
#pragma once

#include <omp.h>

#include <vector>

#include "cpu/ops/stage.hpp"

namespace lamina::cpu {

class Team {
  public:
    // `pin`: threads may be bound to one CPU each, of those that the calling thread may use now. Without
    // effect for a single thread and where there are not exactly as many CPUs as threads.
    Team(int threads, bool pin);

    int threads() const { return threads_; }
    bool pins() const { return !cpus_.empty(); }

    // Runs work(worker) on every thread; the calling thread is worker 0. OpenMP may give fewer threads than
    // asked for.
    template <class Work>
    void parallel(const Work& work) const {
#pragma omp parallel num_threads(threads_)
        work(Worker{omp_get_thread_num(), omp_get_num_threads()});
    }

    // While it lives the team's threads are bound. Afterwards all of them, the host's own first of all, may
    // run where they could before.
    class Pinned {
      public:
        explicit Pinned(const Team& team);
        ~Pinned();
        Pinned(const Pinned&) = delete;
        Pinned& operator=(const Pinned&) = delete;

      private:
        struct Saved;
        const Team& team_;
        std::vector<Saved> saved_;  // by thread; empty where nothing was bound
    };

  private:
    int threads_;
    std::vector<int> cpus_;  // thread i runs on cpus_[i]; empty: not pinned
};

}  // namespace lamina::cpu
