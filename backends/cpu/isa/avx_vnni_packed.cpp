#include "cpu/kernels/int8_avx2.hpp"
#include "cpu/kernels/packed_panel.hpp"

namespace lamina::cpu {

extern const PackedKernels avx_vnni_packed = packed_kernels<Int8AvxVnni>();

}  // namespace lamina::cpu
