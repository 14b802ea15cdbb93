#include "cpu/kernels/dense_tile.hpp"
#include "cpu/kernels/vector_scalar.hpp"

namespace lamina::cpu {

extern const DenseKernels scalar_dense = dense_kernels<VectorScalar>();

}  // namespace lamina::cpu
