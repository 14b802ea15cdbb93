// A compiled program: its memory and its stages.
#pragma once

#include <memory>
#include <vector>

#include "backend/device.hpp"
#include "base/thread_pool.hpp"
#include "cpu/isa.hpp"

namespace lamina::cpu {

// Throws invalid_argument if the program contradicts itself or what it is bound to, unsupported for what no
// kernel computes. `workspace`: as many bytes as measure() of ops.hpp says. `profile`: take the time of every
// op. `pool` is the device's and outlives it.
std::unique_ptr<backend::Executable> compile(const backend::Program& program,
                                             std::vector<std::shared_ptr<const backend::Weight>> weights,
                                             std::vector<std::shared_ptr<backend::Buffer>> caches,
                                             std::shared_ptr<backend::Buffer> workspace, bool profile,
                                             Isa isa, ThreadPool& pool);

}  // namespace lamina::cpu
