#define LAMINA_UNROLL  // arrays stay in memory here: unrolling would only make the program large
#include "cpu/kernels/int8_scalar.hpp"
#include "cpu/kernels/packed_panel.hpp"

namespace lamina::cpu {

extern const PackedKernels scalar_packed = packed_kernels<Int8Scalar>();

}  // namespace lamina::cpu
