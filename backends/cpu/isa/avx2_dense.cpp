#include "cpu/kernels/dense_tile.hpp"
#include "cpu/kernels/vector_avx2.hpp"

namespace lamina::cpu {

extern const DenseKernels avx2_dense = dense_kernels<VectorAvx2>();

}  // namespace lamina::cpu
