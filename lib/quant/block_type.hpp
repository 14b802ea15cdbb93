// How one block type is taken apart. A family of layouts is a file (blocks_*.cpp); the table by DType is
// block_type.cpp.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/dtype.hpp"
#include "base/half.hpp"
#include "quant/decode.hpp"
#include "quant/packed_kind.hpp"

namespace lamina::quant {

static_assert(std::endian::native == std::endian::little,
              "block layouts are little-endian and are read as they lie");

// Where the parts of one block go: codes [elements], scales and minima [elements / group].
struct BlockParts {
    std::int8_t* codes;
    float* scales;
    float* minima;  // left alone by types without minima
};

// The factors of a block as it stores them, for packed kinds that keep them so.
struct StoredScales {
    std::uint16_t unit = 0, minimum_unit = 0;  // f16
    std::int8_t scales[16] = {};               // multiples of the unit; e8m0: the exponent's bits
    std::int8_t minima[16] = {};               // multiples of minimum_unit, which are subtracted
};

// Scales and minima of a block, from what it stores: products of f16 and small integers, exact in f32.
inline void multiply_levels(const StoredScales& stored, int groups, bool has_minima, BlockParts out) {
    const float unit = f16_to_f32(stored.unit), minimum_unit = f16_to_f32(stored.minimum_unit);
    for (int g = 0; g < groups; ++g) {
        out.scales[g] = unit * static_cast<float>(stored.scales[g]);
        if (has_minima) out.minima[g] = -(minimum_unit * static_cast<float>(stored.minima[g]));
    }
}

// 2^(exponent - 128), half of what E8M0 says because the codes are doubled; the lowest two are subnormal in
// f32.
inline float half_e8m0(std::uint8_t exponent) {
    const std::uint32_t bits = exponent < 2 ? 0x00200000u << exponent : (exponent - 1u) << 23;
    return std::bit_cast<float>(bits);
}

// weight[i] = scale[g] * code[i] (+ minimum[g]), in this order of f32 operations, is exactly what the format
// defines: all products are exact, so that only the sum with a minimum rounds.
struct BlockType {
    int group;         // elements that share a scale
    bool has_minimum;  // the block stores minima
    int packed;        // the kind it is packed to, an index of packed_kinds
    void (*unpack)(const std::byte* blocks, std::uint64_t count, std::int8_t* codes, float* scales,
                   float* minima);
    StoredScales (*stored)(const std::byte* block);  // null where the packed kind has scales of its own
};

// Throws unsupported where `type` has no blocks.
const BlockType& block_type(DType type);

// A block struct mirrors the bytes of its layout; it has `elements`, `group` and unpack(BlockParts).
template <typename Block>
void unpack_blocks(const std::byte* blocks, std::uint64_t count, std::int8_t* codes, float* scales,
                   float* minima) {
    constexpr std::uint64_t groups = Block::elements / Block::group;
    for (std::uint64_t b = 0; b < count; ++b) {
        Block block;  // a copy: blocks in a file have no alignment
        std::memcpy(&block, blocks + b * sizeof(Block), sizeof(Block));
        block.unpack({codes + b * Block::elements, scales + b * groups, minima + b * groups});
    }
}

template <typename Block>
StoredScales stored_scales(const std::byte* bytes) {
    Block block;
    std::memcpy(&block, bytes, sizeof(Block));
    return block.stored();
}

template <typename Block>
constexpr BlockType describe(int packed) {
    BlockType type{Block::group, packed_kinds[packed].has_minima(), packed, &unpack_blocks<Block>, nullptr};
    if constexpr (requires(const Block& block) { block.stored(); }) type.stored = &stored_scales<Block>;
    return type;
}

constexpr std::int8_t as_code(int value) { return static_cast<std::int8_t>(value); }

// 2 * `half` codes of 4 bits: low nibbles come first. `level` maps a nibble to its code.
template <int half, typename Level>
void unpack_nibbles(const std::uint8_t* packed, std::int8_t* codes, Level level) {
    for (int i = 0; i < half; ++i) codes[i] = as_code(level(packed[i] & 15));
    for (int i = 0; i < half; ++i) codes[half + i] = as_code(level(packed[i] >> 4));
}

extern const BlockType q4_0_type, q4_1_type, q5_0_type, q5_1_type, q8_0_type;            // blocks_legacy.cpp
extern const BlockType q2_k_type, q3_k_type, q4_k_type, q5_k_type, q6_k_type;            // blocks_k.cpp
extern const BlockType iq1_s_type, iq1_m_type, iq4_nl_type, iq4_xs_type;                 // blocks_iq1_iq4.cpp
extern const BlockType iq2_xxs_type, iq2_xs_type, iq2_s_type, iq3_xxs_type, iq3_s_type;  // blocks_iq2_iq3.cpp
extern const BlockType tq1_0_type, tq2_0_type, mxfp4_type, nvfp4_type;  // blocks_ternary_fp4.cpp

}  // namespace lamina::quant
