// vdpbf16ps for dense_tile.hpp: 32 columns at a time, both operands bf16.
#pragma once

#include <immintrin.h>

#include "cpu/kernels/dense_tile.hpp"
#include "cpu/kernels/vector_avx512.hpp"

namespace lamina::cpu {
namespace {

struct Bf16Pairs {
    using Element = uint16_t;
    static constexpr bool converted = false;
    static LAMINA_INLINE __m512i load(const uint16_t* p) { return _mm512_loadu_si512(p); }
    static LAMINA_INLINE __m512i load_part(const uint16_t* p, size_t n) {
        return _mm512_maskz_loadu_epi16(static_cast<__mmask32>((uint32_t{1} << n) - 1), p);
    }
};

struct Bf16Product {
    using Vector = VectorAvx512;
    using Weight = Bf16Pairs;
    using Input = Bf16Pairs;
    using Sum = __m512;
    static constexpr size_t step = 32;
    static constexpr size_t registers = 32;
    static LAMINA_INLINE Sum add(Sum sum, __m512i w, __m512i x) {
        __m512bh a, b;
        __builtin_memcpy(&a, &w, sizeof(a));
        __builtin_memcpy(&b, &x, sizeof(b));
        return _mm512_dpbf16_ps(sum, a, b);
    }
};

}  // namespace
}  // namespace lamina::cpu
