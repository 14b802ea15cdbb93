#include "cpu/kernels/dense_bf16.hpp"

namespace lamina::cpu {

extern const DenseKernels avx512_bf16_dense = {nullptr, nullptr, nullptr, &dense_panel<Bf16Product>,
                                               dense_peak<Bf16Product>()};

}  // namespace lamina::cpu
