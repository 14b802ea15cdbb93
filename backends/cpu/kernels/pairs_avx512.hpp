// The unit of attend_pairs.hpp for AVX-512 with BF16.
#pragma once

#include <immintrin.h>

#include "cpu/kernels/attend_pairs.hpp"
#include "cpu/kernels/bf16_avx512.hpp"
#include "cpu/kernels/unroll.hpp"
#include "cpu/kernels/vector_avx512.hpp"

namespace lamina::cpu {
namespace {

struct PairsAvx512 {
    static constexpr bool rows_first = false;
    static void begin() {}
    static void end() {}

    static LAMINA_INLINE void narrow(const float* low, const float* high, uint16_t* out) {
        _mm512_storeu_si512(out, to_bf16(_mm512_loadu_ps(low), _mm512_loadu_ps(high)));
    }
    static LAMINA_INLINE void pair(const float* even, const float* odd, uint16_t* out) {
        const __m512 none = _mm512_setzero_ps();
        _mm512_storeu_si512(
            out, to_bf16_pairs(even ? _mm512_loadu_ps(even) : none, odd ? _mm512_loadu_ps(odd) : none));
    }
    // Rows become columns: by pairs, fours of pairs, and lanes of 128 bits twice.
    static void turn(uint16_t* tile) {
        __m512i a[16], b[16];
        for (size_t i = 0; i < 16; ++i) a[i] = _mm512_loadu_si512(tile + 32 * i);
        for (size_t i = 0; i < 16; i += 2) {
            b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
            b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
        }
        for (size_t i = 0; i < 16; i += 4) {
            a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
            a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
            a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
            a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
        }
        for (size_t i = 0; i < 4; ++i) {
            b[i] = _mm512_shuffle_i32x4(a[i], a[i + 4], 0x88);
            b[i + 4] = _mm512_shuffle_i32x4(a[i], a[i + 4], 0xDD);
            b[i + 8] = _mm512_shuffle_i32x4(a[i + 8], a[i + 12], 0x88);
            b[i + 12] = _mm512_shuffle_i32x4(a[i + 8], a[i + 12], 0xDD);
        }
        for (size_t i = 0; i < 4; ++i) {
            _mm512_storeu_si512(tile + 32 * i, _mm512_shuffle_i32x4(b[i], b[i + 8], 0x88));
            _mm512_storeu_si512(tile + 32 * (i + 4), _mm512_shuffle_i32x4(b[i + 4], b[i + 12], 0x88));
            _mm512_storeu_si512(tile + 32 * (i + 8), _mm512_shuffle_i32x4(b[i], b[i + 8], 0xDD));
            _mm512_storeu_si512(tile + 32 * (i + 12), _mm512_shuffle_i32x4(b[i + 4], b[i + 12], 0xDD));
        }
    }

    static void product(const PairProduct& p) {
        for (size_t row = 0; row < p.rows; row += rows_at_once) {
            size_t column = 0;
            for (; column + 2 <= p.column_blocks; column += 2) {
                p.pairs_first ? tile<2, 1, pair_block>(p, row, column)
                              : tile<2, pair_block, 1>(p, row, column);
            }
            if (column < p.column_blocks) {
                p.pairs_first ? tile<1, 1, pair_block>(p, row, column)
                              : tile<1, pair_block, 1>(p, row, column);
            }
        }
    }

  private:
    static constexpr size_t rows_at_once = 8;

    template <int columns, size_t row_step, size_t pair_step>
    static LAMINA_INLINE void tile(const PairProduct& p, size_t row, size_t column) {
        float* out = p.sums + row * p.stride + column * pair_block;
        __m512 sums[rows_at_once][columns];
        LAMINA_UNROLL
        for (size_t r = 0; r < rows_at_once; ++r) {
            LAMINA_UNROLL
            for (size_t c = 0; c < columns; ++c)
                sums[r][c] =
                    p.add ? _mm512_loadu_ps(out + r * p.stride + c * pair_block) : _mm512_setzero_ps();
        }
        const uint16_t* left =
            p.left + row / pair_block * p.depths * pair_tile + row % pair_block * row_step * 2;
        const uint16_t* right = p.right + column * p.depths * pair_tile;
        for (size_t depth = 0; depth < p.depths; ++depth, left += pair_tile, right += pair_tile) {
            for (size_t pair = 0; pair < pair_block; ++pair) {
                __m512bh b[columns];
                LAMINA_UNROLL
                for (size_t c = 0; c < columns; ++c)
                    __builtin_memcpy(&b[c], right + c * p.depths * pair_tile + pair * pair_depth,
                                     sizeof b[c]);
                LAMINA_UNROLL
                for (size_t r = 0; r < rows_at_once; ++r) {
                    int32_t both;
                    __builtin_memcpy(&both, left + (r * row_step + pair * pair_step) * 2, sizeof both);
                    const __m512i all = _mm512_set1_epi32(both);
                    __m512bh a;
                    __builtin_memcpy(&a, &all, sizeof a);
                    LAMINA_UNROLL
                    for (size_t c = 0; c < columns; ++c) sums[r][c] = _mm512_dpbf16_ps(sums[r][c], a, b[c]);
                }
            }
        }
        LAMINA_UNROLL
        for (size_t r = 0; r < rows_at_once; ++r) {
            LAMINA_UNROLL
            for (size_t c = 0; c < columns; ++c)
                _mm512_storeu_ps(out + r * p.stride + c * pair_block, sums[r][c]);
        }
    }
};

}  // namespace
}  // namespace lamina::cpu
