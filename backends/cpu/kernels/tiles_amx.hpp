// The two classes that tile_panel.hpp wants, for AMX with bf16 (Intel SDM volume 1, chapter 18) beside
// AVX-512.
#pragma once

#include "cpu/kernels/bf16_avx512.hpp"
#include "cpu/kernels/int8_avx512.hpp"

namespace lamina::cpu {
namespace {

struct TileAvx512 : Int8Avx512 {
    // Four inputs of 16 outputs: scale * code + base, to two rows of a tile (64 bf16), rounded to nearest
    // even.
    static LAMINA_INLINE void weights(Codes codes, F scale, F base, uint16_t* out) {
        const __m512i byte = _mm512_set1_epi32(0xFF);
        const F first = weight(_mm512_and_si512(codes, byte), scale, base);
        const F second = weight(_mm512_and_si512(_mm512_srli_epi32(codes, 8), byte), scale, base);
        const F third = weight(_mm512_and_si512(_mm512_srli_epi32(codes, 16), byte), scale, base);
        const F fourth = weight(_mm512_srli_epi32(codes, 24), scale, base);
        _mm512_store_si512(out, to_bf16_pairs(first, second));
        _mm512_store_si512(out + 32, to_bf16_pairs(third, fourth));
    }

    // 32 floats to bf16.
    static LAMINA_INLINE void narrow(const float* x, uint16_t* out) {
        _mm512_storeu_si512(out, to_bf16(_mm512_loadu_ps(x), _mm512_loadu_ps(x + 16)));
    }

  private:
    static LAMINA_INLINE F weight(Codes code, F scale, F base) {
        return _mm512_fmadd_ps(_mm512_cvtepi32_ps(code), scale, base);
    }
};

// Eight tiles of 16 rows x 64 bytes. By assembly: the tile intrinsics of g++ 12 do not say which memory they
// read and write, so that it drops or delays the stores that fill a tile's memory.
struct AmxTiles {
    static void begin() {
        struct alignas(64) Config {
            uint8_t palette = 1, start_row = 0, reserved[14] = {};
            uint16_t bytes_per_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
            uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
        };
        static_assert(sizeof(Config) == 64);
        const Config config;
        asm volatile("ldtilecfg %0" ::"m"(config));
    }
    static void end() { asm volatile("tilerelease"); }

    template <int tile>
    static LAMINA_INLINE void zero() {
        asm volatile("tilezero %%tmm%c0" ::"i"(tile));
    }
    // From 1 KiB.
    template <int tile>
    static LAMINA_INLINE void load(const void* from) {
        asm volatile("tileloadd (%0,%1), %%tmm%c2" ::"r"(from), "r"(uint64_t{64}), "i"(tile) : "memory");
    }
    // From rows `stride` bytes apart.
    template <int tile>
    static LAMINA_INLINE void load_rows(const void* from, uint64_t stride) {
        asm volatile("tileloadd (%0,%1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(tile) : "memory");
    }
    // As load, of what passes by: it leaves the first-level cache to the weights.
    template <int tile>
    static LAMINA_INLINE void pass(const void* from) {
        asm volatile("tileloaddt1 (%0,%1), %%tmm%c2" ::"r"(from), "r"(uint64_t{64}), "i"(tile) : "memory");
    }
    template <int tile>
    static LAMINA_INLINE void store(void* to) {
        asm volatile("tilestored %%tmm%c2, (%0,%1)" ::"r"(to), "r"(uint64_t{64}), "i"(tile) : "memory");
    }
    template <int tile>
    static LAMINA_INLINE void store_rows(void* to, uint64_t stride) {
        asm volatile("tilestored %%tmm%c2, (%0,%1)" ::"r"(to), "r"(stride), "i"(tile) : "memory");
    }
    // sums += a * b
    template <int sums, int a, int b>
    static LAMINA_INLINE void multiply() {
        asm volatile("tdpbf16ps %%tmm%c0, %%tmm%c1, %%tmm%c2" ::"i"(b), "i"(a), "i"(sums));
    }
};

}  // namespace
}  // namespace lamina::cpu
