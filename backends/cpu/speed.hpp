// What the machine can do at most: what speeds are held against.
#pragma once

#include "base/thread_pool.hpp"
#include "cpu/isa.hpp"
#include "lamina/device.hpp"

namespace lamina::cpu {

// Measures for some 300 ms. Throws out_of_memory where there is no 1 GiB to read.
DeviceSpeed measure_speed(Isa isa, ThreadPool& pool);

}  // namespace lamina::cpu
