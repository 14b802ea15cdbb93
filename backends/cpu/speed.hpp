// What the machine can do at most: what speeds are held against.
#pragma once

#include "base/team.hpp"
#include "cpu/isa.hpp"
#include "lamina/device.hpp"

namespace lamina::cpu {

// Measures for some 300 ms. Throws out_of_memory where there is no 1 GiB to read.
DeviceSpeed measure_speed(Isa isa, Team& team);

}  // namespace lamina::cpu
