#include "cpu/kernels/float_table.hpp"
#include "cpu/kernels/vector_avx2.hpp"

namespace lamina::cpu {

constinit const FloatKernels float_kernels_avx2 = float_table<VectorAvx2>();

}  // namespace lamina::cpu
