#include "cpu/kernels/dense_tile.hpp"
#include "cpu/kernels/vector_avx512.hpp"

namespace lamina::cpu {

extern const DenseKernels avx512_vnni_dense = dense_kernels<VectorAvx512>();

}  // namespace lamina::cpu
