// Floats to bf16, rounded to nearest even, as AVX-512 with BF16 has it: subnormals become zero.
#pragma once

#include <immintrin.h>
#include <stdint.h>

#include "cpu/kernels/unroll.hpp"

namespace lamina::cpu {
namespace {

// 32 of them, `low` first.
LAMINA_INLINE __m512i to_bf16(__m512 low, __m512 high) {
    const __m512bh both = _mm512_cvtne2ps_pbh(high, low);
    __m512i bits;
    __builtin_memcpy(&bits, &both, sizeof bits);
    return bits;
}

// 16 pairs: lane n has a's below b's.
LAMINA_INLINE __m512i to_bf16_pairs(__m512 a, __m512 b) {
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23,
                                           7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return _mm512_permutexvar_epi16(order, to_bf16(a, b));
}

}  // namespace
}  // namespace lamina::cpu
