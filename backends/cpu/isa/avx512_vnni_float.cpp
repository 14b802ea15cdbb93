#include "cpu/kernels/float_table.hpp"
#include "cpu/kernels/vector_avx512.hpp"

namespace lamina::cpu {

constinit const FloatKernels float_kernels_avx512 = float_table<VectorAvx512>();

}  // namespace lamina::cpu
