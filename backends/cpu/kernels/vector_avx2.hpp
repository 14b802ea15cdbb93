// vector_scalar.hpp for AVX2 with FMA and F16C.
#pragma once

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

namespace lamina::cpu {
namespace {

struct VectorAvx2 {
    static constexpr size_t width = 8;
    static constexpr size_t registers = 16;
    using Vec = __m256;
    using Mask = __m256;

    static Vec zero() { return _mm256_setzero_ps(); }
    static Vec broadcast(float x) { return _mm256_set1_ps(x); }
    static Vec indices() { return _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7); }

    static __m256i lanes(size_t n) {
        return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                                  _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    }
    static Vec load(const float* p) { return _mm256_loadu_ps(p); }
    static Vec load_part(const float* p, size_t n) { return _mm256_maskload_ps(p, lanes(n)); }
    static void store(float* p, Vec x) { _mm256_storeu_ps(p, x); }
    static void store_part(float* p, Vec x, size_t n) { _mm256_maskstore_ps(p, lanes(n), x); }
    static Vec load_f16(const uint16_t* p) {
        return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    }
    static Vec load_bf16(const uint16_t* p) {
        const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
    }
    static Vec broadcast_f16(const unsigned char* p) {
        int16_t bits;
        __builtin_memcpy(&bits, p, sizeof bits);
        return _mm256_cvtph_ps(_mm_set1_epi16(bits));
    }
    static Vec load_i8(const unsigned char* p) {
        const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
        return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
    }
    static void store_f16(uint16_t* p, Vec x) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
    }
    static void store_bf16(uint16_t* p, Vec x) {
        const __m256i bits = _mm256_castps_si256(x);
        const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
        const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF)));
        const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
        const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
        const __m256i high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
        const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(high, high), 0x08);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
    }

    static Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
    static Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
    static Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
    static Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
    static Vec mul_add(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
    static Vec product_error(Vec a, Vec b, Vec product) { return _mm256_fmsub_ps(a, b, product); }
    static Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
    static Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
    static Vec abs(Vec x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
    static Vec copy_sign(Vec magnitude, Vec sign) {
        const Vec bit = _mm256_set1_ps(-0.0f);
        return _mm256_or_ps(_mm256_andnot_ps(bit, magnitude), _mm256_and_ps(bit, sign));
    }
    static Vec round(Vec x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    static Vec scale_by_power(Vec x, Vec n) {
        const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
        return _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
    }

    static Mask less(Vec a, Vec b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
    static Vec select(Mask mask, Vec yes, Vec no) { return _mm256_blendv_ps(no, yes, mask); }
    static Vec swap_pairs(Vec x) { return _mm256_permute_ps(x, 0xB1); }

    static float first(Vec x) { return _mm256_cvtss_f32(x); }
    static float sum(Vec x) {
        __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
        four = _mm_add_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_add_ss(four, _mm_shuffle_ps(four, four, 1)));
    }
    static float maximum(Vec x) {
        __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
        four = _mm_max_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_max_ss(four, _mm_shuffle_ps(four, four, 1)));
    }
    // Halves the number of vectors in each step: 32-bit lanes, 64-bit lanes, 128-bit lanes.
    static Vec sums(const Vec (&x)[width]) {
        Vec fours[2];
        for (size_t i = 0; i < 2; ++i) {
            const Vec a = _mm256_add_ps(_mm256_unpacklo_ps(x[4 * i], x[4 * i + 1]),
                                        _mm256_unpackhi_ps(x[4 * i], x[4 * i + 1]));
            const Vec b = _mm256_add_ps(_mm256_unpacklo_ps(x[4 * i + 2], x[4 * i + 3]),
                                        _mm256_unpackhi_ps(x[4 * i + 2], x[4 * i + 3]));
            fours[i] = _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x44), _mm256_shuffle_ps(a, b, 0xEE));
        }
        return _mm256_add_ps(_mm256_permute2f128_ps(fours[0], fours[1], 0x20),
                             _mm256_permute2f128_ps(fours[0], fours[1], 0x31));
    }
};

}  // namespace
}  // namespace lamina::cpu
