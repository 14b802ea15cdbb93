// vector_scalar.hpp for AVX-512 (F, BW, VL, DQ).
#pragma once

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

namespace lamina::cpu {
namespace {

struct VectorAvx512 {
    static constexpr size_t width = 16;
    static constexpr size_t registers = 32;
    using Vec = __m512;
    using Mask = __mmask16;

    static Vec zero() { return _mm512_setzero_ps(); }
    static Vec broadcast(float x) { return _mm512_set1_ps(x); }
    static Vec indices() { return _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }

    static Mask lanes(size_t n) { return static_cast<Mask>((1u << n) - 1u); }
    static Vec load(const float* p) { return _mm512_loadu_ps(p); }
    static Vec load_part(const float* p, size_t n) { return _mm512_maskz_loadu_ps(lanes(n), p); }
    static void store(float* p, Vec x) { _mm512_storeu_ps(p, x); }
    static void store_part(float* p, Vec x, size_t n) { _mm512_mask_storeu_ps(p, lanes(n), x); }
    static __m256i load_bits(const uint16_t* p) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    }
    static void store_bits(uint16_t* p, __m256i x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x); }
    static Vec load_f16(const uint16_t* p) { return _mm512_cvtph_ps(load_bits(p)); }
    static Vec load_bf16(const uint16_t* p) {
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load_bits(p)), 16));
    }
    static Vec broadcast_f16(const unsigned char* p) {
        int16_t bits;
        __builtin_memcpy(&bits, p, sizeof bits);
        return _mm512_cvtph_ps(_mm256_set1_epi16(bits));
    }
    static Vec load_i8(const unsigned char* p) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
    }
    static void store_f16(uint16_t* p, Vec x) {
        store_bits(p, _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
    }
    // Not vcvtneps2bf16: that one flushes subnormals.
    static void store_bf16(uint16_t* p, Vec x) {
        const __m512i bits = _mm512_castps_si512(x);
        const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
        const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
        const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
        const Mask nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
        store_bits(p,
                   _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_mask_mov_epi32(rounded, nan, quiet), 16)));
    }

    static Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
    static Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
    static Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
    static Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
    static Vec mul_add(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
    static Vec product_error(Vec a, Vec b, Vec product) { return _mm512_fmsub_ps(a, b, product); }
    static Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
    static Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
    static Vec abs(Vec x) { return _mm512_abs_ps(x); }
    static Vec copy_sign(Vec magnitude, Vec sign) {
        const Vec bit = _mm512_set1_ps(-0.0f);
        return _mm512_or_ps(_mm512_andnot_ps(bit, magnitude), _mm512_and_ps(bit, sign));
    }
    static Vec round(Vec x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    static Vec scale_by_power(Vec x, Vec n) { return _mm512_scalef_ps(x, n); }

    static Mask less(Vec a, Vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
    static Vec select(Mask mask, Vec yes, Vec no) { return _mm512_mask_mov_ps(no, mask, yes); }
    static Vec swap_pairs(Vec x) { return _mm512_permute_ps(x, 0xB1); }

    static float first(Vec x) { return _mm512_cvtss_f32(x); }
    static float sum(Vec x) {
        x = _mm512_add_ps(x, _mm512_shuffle_f32x4(x, x, 0x4E));
        x = _mm512_add_ps(x, _mm512_shuffle_f32x4(x, x, 0xB1));
        x = _mm512_add_ps(x, _mm512_permute_ps(x, 0x4E));
        return first(_mm512_add_ps(x, _mm512_permute_ps(x, 0xB1)));
    }
    static float maximum(Vec x) {
        x = _mm512_max_ps(x, _mm512_shuffle_f32x4(x, x, 0x4E));
        x = _mm512_max_ps(x, _mm512_shuffle_f32x4(x, x, 0xB1));
        x = _mm512_max_ps(x, _mm512_permute_ps(x, 0x4E));
        return first(_mm512_max_ps(x, _mm512_permute_ps(x, 0xB1)));
    }
    // Halves the number of vectors in each step: 32-bit lanes, 64-bit lanes, 128-bit lanes, 256-bit lanes.
    static Vec sums(const Vec (&x)[width]) {
        Vec fours[4];
        for (size_t i = 0; i < 4; ++i) {
            const Vec a = _mm512_add_ps(_mm512_unpacklo_ps(x[4 * i], x[4 * i + 1]),
                                        _mm512_unpackhi_ps(x[4 * i], x[4 * i + 1]));
            const Vec b = _mm512_add_ps(_mm512_unpacklo_ps(x[4 * i + 2], x[4 * i + 3]),
                                        _mm512_unpackhi_ps(x[4 * i + 2], x[4 * i + 3]));
            fours[i] = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xEE));
        }
        const Vec low = add_lanes(fours[0], fours[1]), high = add_lanes(fours[2], fours[3]);
        return add_lanes(low, high);
    }

  private:
    // 128-bit lanes a0+a1, a2+a3, b0+b1, b2+b3.
    static Vec add_lanes(Vec a, Vec b) {
        return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xDD));
    }
};

}  // namespace
}  // namespace lamina::cpu
