// How one block type is taken apart. A family of layouts is a file (blocks_*.cpp); the table by DType is
// block_type.cpp.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/dtype.hpp"
#include "quant/decode.hpp"

namespace lamina::quant {

static_assert(std::endian::native == std::endian::little,
              "block layouts are little-endian and are read as they lie");

// Where the parts of one block go: codes [elements], scales and minima [elements / group].
struct BlockParts {
    std::int8_t* codes;
    float* scales;
    float* minima;  // left alone by types without minima
};

struct BlockTraits {
    bool has_minimum = false;  // the block stores minima
    bool f16_scales = false;   // every scale and minimum is a value that f16 holds
    int code_bits = 8;         // 4 where code + bias is within 0..15
    int bias = 0;  // what makes the codes unsigned for 4-bit kernels; their minimum is then -bias * scale
};

// weight[i] = scale[g] * code[i] (+ minimum[g]), in this order of f32 operations, is exactly what the format
// defines: all products are exact, so that only the sum with a minimum rounds.
struct BlockType {
    int group;  // elements that share a scale
    BlockTraits traits;
    void (*unpack)(const std::byte* blocks, std::uint64_t count, std::int8_t* codes, float* scales,
                   float* minima);
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
constexpr BlockType describe(BlockTraits traits) {
    return {Block::group, traits, &unpack_blocks<Block>};
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
