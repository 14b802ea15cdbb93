// A compiled program: its memory and its stages.
#pragma once

#include <memory>
#include <vector>

#include "backend/device.hpp"
#include "cpu/isa.hpp"
#include "cpu/team.hpp"

namespace lamina::cpu {

// Throws invalid_argument if the program contradicts itself or what it is bound to, unsupported for what no
// kernel computes, out_of_memory. `team` is the device's, copied.
std::unique_ptr<backend::Executable> compile(const backend::Program& program,
                                             std::vector<std::shared_ptr<const backend::Weight>> weights,
                                             std::vector<std::shared_ptr<backend::Buffer>> caches,
                                             const backend::DeviceOptions& options, Isa isa,
                                             const Team& team);

}  // namespace lamina::cpu
