#include "cpu/kernels/float_table.hpp"
#include "cpu/kernels/vector_scalar.hpp"

namespace lamina::cpu {

constinit const FloatKernels float_kernels_scalar = float_table<VectorScalar>();

}  // namespace lamina::cpu
