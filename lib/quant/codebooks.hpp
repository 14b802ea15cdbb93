// Codebooks of the IQ block types, as the GGUF format fixes them: points of small codebooks that an index in
// a block names.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lamina::quant {

template <std::size_t width, std::size_t size>
using Codebook = std::array<std::array<std::int8_t, width>, size>;

extern const Codebook<8, 2048> iq1_codebook;     // -8, 0, 8: eight times the grid, which is offset by +-1/8
extern const Codebook<8, 256> iq2_xxs_codebook;  // magnitudes 8, 25, 43; signs are stored apart
extern const Codebook<8, 512> iq2_xs_codebook;
extern const Codebook<8, 1024> iq2_s_codebook;
extern const Codebook<4, 256> iq3_xxs_codebook;  // magnitudes 4, 12, .. 52, 62
extern const Codebook<4, 512> iq3_s_codebook;    // magnitudes 1, 3, .. 15

// Spells out a codebook kept as 16 bits a point: `width` indices of 16 / width bits, lowest first, into
// `levels`.
template <std::size_t width, std::size_t size, std::size_t level_count>
constexpr Codebook<width, size> expand(const std::uint16_t (&points)[size],
                                       const std::array<std::int8_t, level_count>& levels) {
    constexpr unsigned bits = 16 / width;
    Codebook<width, size> out{};
    for (std::size_t p = 0; p < size; ++p) {
        for (std::size_t i = 0; i < width; ++i)
            out[p][i] = levels[(points[p] >> (bits * i)) & ((1u << bits) - 1)];
    }
    return out;
}

}  // namespace lamina::quant
