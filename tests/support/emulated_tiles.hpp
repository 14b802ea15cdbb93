// The kernels of matrix units in plain C++: what runs on AMX, on any machine.
#pragma once

#include <array>
#include <cstring>

#include "base/half.hpp"
#include "cpu/kernels/attend_pairs.hpp"
#include "cpu/kernels/int8_scalar.hpp"
#include "cpu/kernels/tile_panel.hpp"

namespace lamina::cpu {
namespace {

struct TileScalar : Int8Scalar {
    static void weights(const Codes& codes, const F& scale, const F& base, std::uint16_t* out) {
        for (int n = 0; n < 16; ++n) {
            for (int i = 0; i < 4; ++i) {
                const float weight = static_cast<float>(codes.v[4 * n + i]) * scale.v[n] + base.v[n];
                out[i / 2 * 32 + 2 * n + i % 2] = f32_to_bf16(weight);
            }
        }
    }
    static void narrow(const float* x, std::uint16_t* out) {
        for (std::uint32_t i = 0; i < block_columns; ++i) out[i] = f32_to_bf16(x[i]);
    }
};

// A unit that has not begun, or has ended, holds nothing but NaN.
struct EmulatedTiles {
    using Bytes = std::array<std::uint8_t, tile_bytes>;
    static Bytes& tile(int i) {
        thread_local std::array<Bytes, 8> tiles;
        return tiles[static_cast<std::size_t>(i)];
    }
    static void begin() {
        for (int i = 0; i < 8; ++i) tile(i).fill(0xFF);
    }
    static void end() { begin(); }

    template <int i>
    static void zero() {
        tile(i).fill(0);
    }
    template <int i>
    static void load(const void* from) {
        std::memcpy(tile(i).data(), from, tile_bytes);
    }
    template <int i>
    static void load_rows(const void* from, std::uint64_t stride) {
        for (std::size_t row = 0; row < 16; ++row)
            std::memcpy(tile(i).data() + row * 64, static_cast<const char*>(from) + row * stride, 64);
    }
    template <int i>
    static void pass(const void* from) {
        load<i>(from);
    }
    template <int i>
    static void store(void* to) {
        std::memcpy(to, tile(i).data(), tile_bytes);
    }
    template <int i>
    static void store_rows(void* to, std::uint64_t stride) {
        for (std::size_t row = 0; row < 16; ++row)
            std::memcpy(static_cast<char*>(to) + row * stride, tile(i).data() + row * 64, 64);
    }
    template <int sums, int a, int b>
    static void multiply() {
        float c[16][16], weights[32][16];
        std::uint16_t x[16][32], w[16][16][2];
        std::memcpy(c, tile(sums).data(), tile_bytes);
        std::memcpy(x, tile(a).data(), tile_bytes);
        std::memcpy(w, tile(b).data(), tile_bytes);
        for (int k = 0; k < 32; ++k)
            for (int n = 0; n < 16; ++n) weights[k][n] = bf16_to_f32(w[k / 2][n][k % 2]);
        for (int m = 0; m < 16; ++m) {
            for (int k = 0; k < 32; ++k) {
                const float value = bf16_to_f32(x[m][k]);
                for (int n = 0; n < 16; ++n) c[m][n] += value * weights[k][n];
            }
        }
        std::memcpy(tile(sums).data(), c, tile_bytes);
    }
};

// What attend_pairs.hpp wants of a unit but the product, which TiledPairs adds.
struct ScalarConversions {
    static void narrow(const float* low, const float* high, std::uint16_t* out) {
        for (std::size_t i = 0; i < pair_block; ++i) {
            out[i] = f32_to_bf16(low[i]);
            out[pair_block + i] = f32_to_bf16(high[i]);
        }
    }
    static void pair(const float* even, const float* odd, std::uint16_t* out) {
        for (std::size_t i = 0; i < pair_block; ++i) {
            out[2 * i] = f32_to_bf16(even == nullptr ? 0.0f : even[i]);
            out[2 * i + 1] = f32_to_bf16(odd == nullptr ? 0.0f : odd[i]);
        }
    }
    static void turn(std::uint16_t* tile) {
        std::uint32_t pairs[pair_block][pair_block], turned[pair_block][pair_block];
        std::memcpy(pairs, tile, sizeof pairs);
        for (std::size_t i = 0; i < pair_block; ++i)
            for (std::size_t j = 0; j < pair_block; ++j) turned[j][i] = pairs[i][j];
        std::memcpy(tile, turned, sizeof turned);
    }
};
using EmulatedPairs = TiledPairs<ScalarConversions, EmulatedTiles>;

const TileKernels emulated_tiles = tile_kernels<TileScalar, EmulatedTiles>(12);

}  // namespace
}  // namespace lamina::cpu
