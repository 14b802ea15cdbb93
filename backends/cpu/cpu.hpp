// The CPU backend: a pool of threads, kernels chosen by instruction set at run time.
#pragma once

#include "backend/device.hpp"

namespace lamina::cpu {

const backend::Backend& record();

}  // namespace lamina::cpu
