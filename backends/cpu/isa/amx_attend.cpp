#include "cpu/kernels/attend_prefill.hpp"
#include "cpu/kernels/float_kernels.hpp"
#include "cpu/kernels/pairs_avx512.hpp"
#include "cpu/kernels/tiles_amx.hpp"

namespace lamina::cpu {

extern const AttendKernel attend_pairs_amx =
    AttendPrefill<VectorAvx512, PairProducts<VectorAvx512, TiledPairs<PairsAvx512, AmxTiles>>>::attend;

}  // namespace lamina::cpu
