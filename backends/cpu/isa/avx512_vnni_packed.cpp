#include "cpu/kernels/int8_avx512.hpp"
#include "cpu/kernels/packed_panel.hpp"

namespace lamina::cpu {

extern const PackedKernels avx512_vnni_packed = packed_kernels<Int8Avx512>();

}  // namespace lamina::cpu
