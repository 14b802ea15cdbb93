#include "cpu/kernels/attend_prefill.hpp"
#include "cpu/kernels/float_kernels.hpp"
#include "cpu/kernels/pairs_avx512.hpp"

namespace lamina::cpu {

extern const AttendKernel attend_pairs_avx512 =
    AttendPrefill<VectorAvx512, PairProducts<VectorAvx512, PairsAvx512>>::attend;

}  // namespace lamina::cpu
