// The vector class of packed_panel.hpp for AVX-512 with VNNI.
#pragma once

#include <immintrin.h>

#include "cpu/kernels/linear_task.hpp"
#include "cpu/kernels/unroll.hpp"

namespace lamina::cpu {
namespace {

struct Int8Avx512 {
    static constexpr int lanes = 16;
    static constexpr uint32_t max_block = 8;
    static constexpr int max_sums = 8;
    static constexpr bool wants_offsets = true;

    using F = __m512;
    using Codes = __m512i;
    using Sum = __m512i;
    using Partial = __m512i;

    static LAMINA_INLINE Codes load_codes(const uint8_t* at, int) { return _mm512_load_si512(at); }
    template <int right>
    static LAMINA_INLINE Codes shifted(Codes c) {
        if constexpr (right > 0) return _mm512_srli_epi16(c, right);
        if constexpr (right < 0) return _mm512_slli_epi16(c, -right);
        return c;
    }
    template <int bits>
    static LAMINA_INLINE Codes masked(Codes c) {
        return _mm512_and_si512(c, _mm512_set1_epi8(bits));
    }
    template <int bits>
    static LAMINA_INLINE Codes merged(Codes high, Codes low) {
        return _mm512_ternarylogic_epi32(high, _mm512_set1_epi8(bits), low, 0xEA);  // high & bits | low
    }
    template <quant::CodeLevels levels>
    static LAMINA_INLINE Codes level(Codes indices) {
        const int8_t* table = levels == quant::CodeLevels::iq4 ? quant::iq4_levels : quant::fp4_levels;
        const __m128i values = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
        return _mm512_shuffle_epi8(prepare_signed(_mm512_broadcast_i32x4(values)), indices);
    }
    static LAMINA_INLINE Codes broadcast_codes(const int8_t* a) {
        int32_t four;
        __builtin_memcpy(&four, a, 4);
        return _mm512_set1_epi32(four);
    }

    static constexpr int unsigned_steps(int) { return 8; }
    static LAMINA_INLINE Sum start() { return _mm512_setzero_si512(); }
    template <int right>
    static LAMINA_INLINE Sum start(const int32_t* offset) {
        return _mm512_srai_epi32(_mm512_set1_epi32(*offset), right);
    }
    static LAMINA_INLINE Codes prepare_signed(Codes c) {
        return _mm512_xor_si512(c, _mm512_set1_epi8(static_cast<char>(0x80)));
    }
    static LAMINA_INLINE Partial partial(Sum sum) { return sum; }
    static LAMINA_INLINE Partial dot_unsigned(Partial sum, Codes w, Codes a) {
        return _mm512_dpbusd_epi32(sum, w, a);
    }
    template <bool alone>
    static LAMINA_INLINE Sum joined(Sum, Partial partial) {
        return partial;
    }
    static LAMINA_INLINE Sum dot_signed(Sum sum, Codes w, Codes a) { return _mm512_dpbusd_epi32(sum, w, a); }
    static LAMINA_INLINE F value(Sum sum) { return _mm512_cvtepi32_ps(sum); }

    static LAMINA_INLINE F zero() { return _mm512_setzero_ps(); }
    static LAMINA_INLINE F broadcast(const float* x) { return _mm512_set1_ps(*x); }
    static LAMINA_INLINE F load_f16(const uint8_t* at, int) {
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
    }
    static LAMINA_INLINE F load_f32(const uint8_t* at, int) { return _mm512_loadu_ps(at); }
    static LAMINA_INLINE __m512i load_bytes(const uint8_t* at) {
        return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
    }
    static LAMINA_INLINE F load_level(const uint8_t* at, int) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
    }
    template <int mask, int right>
    static LAMINA_INLINE F load_level(const uint8_t* at, int) {
        const __m512i bits = _mm512_srli_epi32(load_bytes(at), right);
        return _mm512_cvtepi32_ps(_mm512_and_si512(bits, _mm512_set1_epi32(mask)));
    }
    // 2^(e - 128); the lowest two are subnormal.
    static LAMINA_INLINE F load_e8m0(const uint8_t* at, int) {
        const __m512i e = load_bytes(at), one = _mm512_set1_epi32(1);
        const __m512i bits = _mm512_slli_epi32(_mm512_sub_epi32(e, one), 23);
        const __mmask16 small = _mm512_cmple_epi32_mask(e, one);
        return _mm512_castsi512_ps(_mm512_mask_sllv_epi32(bits, small, _mm512_set1_epi32(0x00200000), e));
    }
    static LAMINA_INLINE F mul(F a, F b) { return _mm512_mul_ps(a, b); }
    static LAMINA_INLINE F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
    static LAMINA_INLINE F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }
    static LAMINA_INLINE void store(float* out, F f) { _mm512_storeu_ps(out, f); }

    static LAMINA_INLINE float quantize(const float* x, int8_t* codes, int32_t* halves) {
        const __m512i magnitude = _mm512_set1_epi32(0x7FFFFFFF);
        const __m512 a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(x + 16);
        const __m512i most = _mm512_max_epi32(_mm512_and_si512(_mm512_castps_si512(a), magnitude),
                                              _mm512_and_si512(_mm512_castps_si512(b), magnitude));
        const float peak = _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(_mm512_reduce_max_epi32(most))));
        __m512i first = _mm512_setzero_si512(), second = first;
        // Also false for NaN and infinity: their codes stay zero and the scale carries them.
        const bool usual = peak >= 0x1p-119f && peak <= 0x1.fffffep127f;
        if (usual) {
            const __m512 inverse = _mm512_set1_ps(127.0f / peak);
            first = _mm512_cvtps_epi32(_mm512_mul_ps(a, inverse));
            second = _mm512_cvtps_epi32(_mm512_mul_ps(b, inverse));
        }
        _mm_storeu_si128(reinterpret_cast<__m128i*>(codes), _mm512_cvtepi32_epi8(first));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(codes + 16), _mm512_cvtepi32_epi8(second));
        halves[0] = _mm512_reduce_add_epi32(first);
        halves[1] = _mm512_reduce_add_epi32(second);
        return peak < 0x1p-119f ? 0.0f : peak / 127.0f;
    }
};

}  // namespace
}  // namespace lamina::cpu
