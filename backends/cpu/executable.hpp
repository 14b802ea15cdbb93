// A compiled program: its memory and its stages.
#pragma once

#include <memory>
#include <vector>

#include "backend/device.hpp"
#include "base/team.hpp"
#include "cpu/isa.hpp"
#include "cpu/memory.hpp"

namespace lamina::cpu {

// Throws invalid_argument if the program contradicts itself or what it is bound to, unsupported for what no
// kernel computes. `memory`: as many bytes as workspace() of layout.hpp says. `team` is the device's and
// outlives it.
std::unique_ptr<backend::Executable> compile(const backend::Program& program,
                                             std::vector<std::shared_ptr<const backend::Weight>> weights,
                                             std::vector<std::shared_ptr<backend::Buffer>> caches,
                                             Allocation memory, const backend::DeviceOptions& options,
                                             Isa isa, Team& team);

}  // namespace lamina::cpu
