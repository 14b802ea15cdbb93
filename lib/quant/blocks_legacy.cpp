// Blocks of 32 with one f16 scale, and an f16 minimum in the _1 types.
#include "base/half.hpp"
#include "quant/block_type.hpp"

namespace lamina::quant {
namespace {

struct BlockQ4_0 {
    static constexpr int elements = 32, group = 32;
    std::uint16_t scale;
    std::uint8_t codes[16];

    void unpack(BlockParts out) const {
        out.scales[0] = f16_to_f32(scale);
        unpack_nibbles<16>(codes, out.codes, [](int nibble) { return nibble - 8; });
    }
};

struct BlockQ4_1 {
    static constexpr int elements = 32, group = 32;
    std::uint16_t scale, minimum;
    std::uint8_t codes[16];

    void unpack(BlockParts out) const {
        out.scales[0] = f16_to_f32(scale);
        out.minima[0] = f16_to_f32(minimum);
        unpack_nibbles<16>(codes, out.codes, [](int nibble) { return nibble; });
    }
};

// Bit i of the four bytes of high bits is bit 4 of code i.
template <int bias>
void unpack_five_bits(const std::uint8_t* low, const std::uint8_t* high, std::int8_t* codes) {
    std::uint32_t bits;
    std::memcpy(&bits, high, sizeof bits);
    for (int i = 0; i < 16; ++i) {
        codes[i] = as_code(((low[i] & 15) | static_cast<int>((bits >> i) & 1) << 4) - bias);
        codes[i + 16] = as_code(((low[i] >> 4) | static_cast<int>((bits >> (i + 16)) & 1) << 4) - bias);
    }
}

struct BlockQ5_0 {
    static constexpr int elements = 32, group = 32;
    std::uint16_t scale;
    std::uint8_t high[4];
    std::uint8_t low[16];

    void unpack(BlockParts out) const {
        out.scales[0] = f16_to_f32(scale);
        unpack_five_bits<16>(low, high, out.codes);
    }
};

struct BlockQ5_1 {
    static constexpr int elements = 32, group = 32;
    std::uint16_t scale, minimum;
    std::uint8_t high[4];
    std::uint8_t low[16];

    void unpack(BlockParts out) const {
        out.scales[0] = f16_to_f32(scale);
        out.minima[0] = f16_to_f32(minimum);
        unpack_five_bits<0>(low, high, out.codes);
    }
};

struct BlockQ8_0 {
    static constexpr int elements = 32, group = 32;
    std::uint16_t scale;
    std::int8_t codes[32];

    void unpack(BlockParts out) const {
        out.scales[0] = f16_to_f32(scale);
        std::memcpy(out.codes, codes, sizeof codes);
    }
};

}  // namespace

constexpr BlockType q4_0_type = describe<BlockQ4_0>(0);
constexpr BlockType q4_1_type = describe<BlockQ4_1>(1);
constexpr BlockType q5_0_type = describe<BlockQ5_0>(2);
constexpr BlockType q5_1_type = describe<BlockQ5_1>(3);
constexpr BlockType q8_0_type = describe<BlockQ8_0>(4);

}  // namespace lamina::quant
