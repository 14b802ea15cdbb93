/// @file
/// The host's OpenMP threads for a model to compute on. Not part of lamina.hpp, because it needs -fopenmp.
#pragma once

#ifndef _OPENMP
#error "lamina/openmp.hpp lends OpenMP's threads to a model: compile with -fopenmp"
#endif

#include <functional>
#include <string>

#include "lamina/error.hpp"
#include "lamina/threads.hpp"

namespace lamina {

/// For ModelOptions::host_threads: a model computes in parallel regions of the thread that calls it. The
/// better choice for a host that has parallel regions of its own between the model's steps: OpenMP's threads
/// spin after a region (OMP_WAIT_POLICY), and would take the CPUs from a model's own ones meanwhile.
///
/// ModelOptions::threads is the size of the team; omp_get_max_threads() is what the host's own regions have.
/// Where OpenMP gives fewer threads, nothing has been computed and the call throws invalid_argument: inside a
/// parallel region where OMP_MAX_ACTIVE_LEVELS allows no other, and where OMP_THREAD_LIMIT or OMP_DYNAMIC
/// take threads away. The model can be called again. GCC's runtime ends the process where the system refuses
/// a thread, and binding threads to CPUs is OpenMP's (OMP_PROC_BIND).
inline HostThreads openmp_threads() {
    return [](int count, const std::function<void(int thread)>& body) {
        int given = 0;
        // Directives alone: clang's runtime has functions of the same names as GCC's, which oneDNN brings,
        // and those of the wrong one would tell of another team. The schedule gives each thread its own
        // number.
#pragma omp parallel num_threads(count)
        {
#pragma omp atomic
            ++given;
#pragma omp barrier
            if (given == count) {
#pragma omp for schedule(static, 1) nowait
                for (int thread = 0; thread < count; ++thread) body(thread);
            }
        }
        if (given == count) return;
        throw Error(ErrorCode::invalid_argument,
                    ErrorDetails{.area = "openmp",
                                 .subject = "threads",
                                 .expected = "a team of " + std::to_string(count) + " threads",
                                 .found = std::to_string(given) +
                                          "; OpenMP gives fewer inside a parallel region "
                                          "(OMP_MAX_ACTIVE_LEVELS), above OMP_THREAD_LIMIT, and where "
                                          "OMP_DYNAMIC is true"});
    };
}

}  // namespace lamina
