// The vector class of packed_panel.hpp for AVX2 (maddubs), and with the 256-bit VNNI of AVX-VNNI.
#pragma once

#include <immintrin.h>

#include "cpu/kernels/linear_task.hpp"
#include "cpu/kernels/unroll.hpp"

namespace lamina::cpu {
namespace {

// What both share: 8 outputs a vector.
struct Int8Ymm {
    static constexpr int lanes = 8;
    static constexpr uint32_t max_block = 4;
    static constexpr int max_sums = 4;

    using F = __m256;
    using Codes = __m256i;

    static LAMINA_INLINE Codes load_codes(const uint8_t* at, int p) {
        return _mm256_load_si256(reinterpret_cast<const __m256i*>(at + 32 * p));
    }
    template <int right>
    static LAMINA_INLINE Codes shifted(Codes c) {
        if constexpr (right > 0) return _mm256_srli_epi16(c, right);
        if constexpr (right < 0) return _mm256_slli_epi16(c, -right);
        return c;
    }
    template <int bits>
    static LAMINA_INLINE Codes masked(Codes c) {
        return _mm256_and_si256(c, _mm256_set1_epi8(bits));
    }
    template <int bits>
    static LAMINA_INLINE Codes merged(Codes high, Codes low) {
        return _mm256_or_si256(masked<bits>(high), low);
    }
    template <quant::CodeLevels levels>
    static LAMINA_INLINE __m256i level_table() {
        const int8_t* table = levels == quant::CodeLevels::iq4 ? quant::iq4_levels : quant::fp4_levels;
        return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
    }
    static LAMINA_INLINE Codes broadcast_codes(const int8_t* a) {
        int32_t four;
        __builtin_memcpy(&four, a, 4);
        return _mm256_set1_epi32(four);
    }

    static LAMINA_INLINE F zero() { return _mm256_setzero_ps(); }
    static LAMINA_INLINE F broadcast(const float* x) { return _mm256_broadcast_ss(x); }
    static LAMINA_INLINE F load_f16(const uint8_t* at, int p) {
        return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * p)));
    }
    static LAMINA_INLINE F load_f32(const uint8_t* at, int p) {
        return _mm256_loadu_ps(reinterpret_cast<const float*>(at + 32 * p));
    }
    static LAMINA_INLINE __m256i load_bytes(const uint8_t* at, int p) {
        return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at + 8 * p)));
    }
    static LAMINA_INLINE F load_level(const uint8_t* at, int p) {
        const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at + 8 * p));
        return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
    }
    template <int mask, int right>
    static LAMINA_INLINE F load_level(const uint8_t* at, int p) {
        const __m256i bits = _mm256_srli_epi32(load_bytes(at, p), right);
        return _mm256_cvtepi32_ps(_mm256_and_si256(bits, _mm256_set1_epi32(mask)));
    }
    // 2^(e - 128); the lowest two are subnormal.
    static LAMINA_INLINE F load_e8m0(const uint8_t* at, int p) {
        const __m256i e = load_bytes(at, p), one = _mm256_set1_epi32(1);
        const __m256i bits = _mm256_slli_epi32(_mm256_sub_epi32(e, one), 23);
        const __m256i small = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), e);
        const __m256i usual = _mm256_cmpgt_epi32(e, one);
        return _mm256_castsi256_ps(_mm256_blendv_epi8(small, bits, usual));
    }
    static LAMINA_INLINE F mul(F a, F b) { return _mm256_mul_ps(a, b); }
    static LAMINA_INLINE F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
    static LAMINA_INLINE F fnma(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }

    using Sum = __m256i;
    static LAMINA_INLINE Sum start() { return _mm256_setzero_si256(); }
    template <int right>
    static LAMINA_INLINE Sum start(const int32_t* offset) {
        return _mm256_srai_epi32(_mm256_set1_epi32(*offset), right);
    }
    static LAMINA_INLINE F value(Sum sum) { return _mm256_cvtepi32_ps(sum); }
    static LAMINA_INLINE void store(float* out, F f) { _mm256_storeu_ps(out, f); }

    static LAMINA_INLINE float peak_magnitude(__m256i a, __m256i b, __m256i c, __m256i d) {
        const __m256i most = _mm256_max_epi32(_mm256_max_epi32(a, b), _mm256_max_epi32(c, d));
        __m128i m = _mm_max_epi32(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
        m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0x4E));
        m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0xB1));
        return _mm_cvtss_f32(_mm_castsi128_ps(m));
    }
    static LAMINA_INLINE float quantize(const float* x, int8_t* codes, int32_t* halves) {
        const __m256i magnitude = _mm256_set1_epi32(0x7FFFFFFF);
        __m256 in[4];
        __m256i size[4];
        LAMINA_UNROLL
        for (int i = 0; i < 4; ++i) {
            in[i] = _mm256_loadu_ps(x + 8 * i);
            size[i] = _mm256_and_si256(_mm256_castps_si256(in[i]), magnitude);
        }
        const float peak = peak_magnitude(size[0], size[1], size[2], size[3]);
        __m256i code[4] = {};
        // Also false for NaN and infinity: their codes stay zero and the scale carries them.
        const bool usual = peak >= 0x1p-119f && peak <= 0x1.fffffep127f;
        if (usual) {
            const __m256 inverse = _mm256_set1_ps(127.0f / peak);
            LAMINA_UNROLL
            for (int i = 0; i < 4; ++i) code[i] = _mm256_cvtps_epi32(_mm256_mul_ps(in[i], inverse));
        }
        const __m256i ab = _mm256_packs_epi32(code[0], code[1]), cd = _mm256_packs_epi32(code[2], code[3]);
        // Packing works within 128-bit halves: dwords come out as a0 b0 c0 d0 | a1 b1 c1 d1.
        const __m256i mixed = _mm256_packs_epi16(ab, cd);
        const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), _mm256_permutevar8x32_epi32(mixed, order));
        halves[0] = sum_lanes(_mm256_add_epi32(code[0], code[1]));
        halves[1] = sum_lanes(_mm256_add_epi32(code[2], code[3]));
        return peak < 0x1p-119f ? 0.0f : peak / 127.0f;
    }

  private:
    static LAMINA_INLINE int32_t sum_lanes(__m256i v) {
        __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
        s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
        s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1));
        return _mm_cvtsi128_si32(s);
    }
};

struct Int8Avx2 : Int8Ymm {
    static constexpr bool wants_offsets = false;
    using Partial = __m256i;

    // Sums of 16 bits: a step adds a pair of at most 2 * 15 * 127 (30480 in eight steps), 2 * 31 * 127 (31496
    // in four) or 2 * 63 * 127 (32004 in two).
    static constexpr int unsigned_steps(int bits) { return bits <= 4 ? 8 : bits == 5 ? 4 : 2; }
    static LAMINA_INLINE Partial partial(Sum) { return _mm256_setzero_si256(); }
    static LAMINA_INLINE Partial dot_unsigned(Partial sum, Codes w, Codes a) {
        return in_register(_mm256_add_epi16(sum, _mm256_maddubs_epi16(w, a)));
    }
    template <bool alone>
    static LAMINA_INLINE Sum joined(Sum sum, Partial partial) {
        if constexpr (alone) return widen(partial);
        return _mm256_add_epi32(sum, widen(partial));
    }
    static LAMINA_INLINE Codes prepare_signed(Codes c) { return c; }
    template <quant::CodeLevels levels>
    static LAMINA_INLINE Codes level(Codes indices) {
        return _mm256_shuffle_epi8(level_table<levels>(), indices);
    }
    // |w| is unsigned and takes its sign to the activation; pairs reach 2 * 128 * 127 and do not saturate.
    static LAMINA_INLINE Sum dot_signed(Sum sum, Codes w, Codes a) {
        const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(a, w));
        return in_register(_mm256_add_epi32(sum, widen(pairs)));
    }

  private:
    // g++ would otherwise gather all products of a group before it adds them up, and spill most of them.
    static LAMINA_INLINE __m256i in_register(__m256i sum) {
        asm("" : "+x"(sum));
        return sum;
    }
    static LAMINA_INLINE __m256i widen(__m256i pairs) {
        return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    }
};

#ifdef __AVXVNNI__
struct Int8AvxVnni : Int8Ymm {
    static constexpr bool wants_offsets = true;
    using Partial = __m256i;

    static constexpr int unsigned_steps(int) { return 8; }
    static LAMINA_INLINE Partial partial(Sum sum) { return sum; }
    static LAMINA_INLINE Partial dot_unsigned(Partial sum, Codes w, Codes a) {
        return _mm256_dpbusd_avx_epi32(sum, w, a);
    }
    template <bool alone>
    static LAMINA_INLINE Sum joined(Sum, Partial partial) {
        return partial;
    }
    static LAMINA_INLINE Codes prepare_signed(Codes c) {
        return _mm256_xor_si256(c, _mm256_set1_epi8(static_cast<char>(0x80)));
    }
    template <quant::CodeLevels levels>
    static LAMINA_INLINE Codes level(Codes indices) {
        return _mm256_shuffle_epi8(prepare_signed(level_table<levels>()), indices);
    }
    static LAMINA_INLINE Sum dot_signed(Sum sum, Codes w, Codes a) {
        return _mm256_dpbusd_avx_epi32(sum, w, a);
    }
};
#endif

}  // namespace
}  // namespace lamina::cpu
