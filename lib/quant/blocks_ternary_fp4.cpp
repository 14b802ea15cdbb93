// TQ: ternary weights; MXFP4 and NVFP4: 4-bit floats under 8-bit scales.
// Scales as in the OCP Microscaling Formats (MX) specification 1.0 (E8M0) and as unsigned E4M3.
#include "base/half.hpp"
#include "quant/block_type.hpp"
#include "quant/codebooks.hpp"

namespace lamina::quant {
namespace {

// A byte is a fraction of 256 whose base-3 digits are the codes + 1; digit `place` is the next after a shift
// by 3^place.
std::int8_t ternary_digit(std::uint8_t byte, int place) {
    constexpr int powers[5] = {1, 3, 9, 27, 81};
    const int fraction = (byte * powers[place]) & 255;
    return as_code((fraction * 3 >> 8) - 1);
}

// `places` runs of `bytes` codes: the first digit of every byte, then the second, ...
void unpack_digits(const std::uint8_t* packed, int bytes, int places, std::int8_t* codes) {
    for (int place = 0; place < places; ++place) {
        for (int i = 0; i < bytes; ++i) codes[place * bytes + i] = ternary_digit(packed[i], place);
    }
}

// One scale for the whole block, repeated for each of its groups.
template <int groups>
void repeat_scale(std::uint16_t scale, float* scales) {
    for (int g = 0; g < groups; ++g) scales[g] = f16_to_f32(scale);
}

struct BlockTQ1_0 {
    static constexpr int elements = 256, group = 32;
    std::uint8_t digits[48];  // five digits a byte: 32 bytes for 160 elements, 16 for 80
    std::uint8_t last[4];     // four digits a byte
    std::uint16_t scale;

    StoredScales stored() const { return {.unit = scale}; }

    void unpack(BlockParts out) const {
        repeat_scale<8>(scale, out.scales);
        unpack_digits(digits, 32, 5, out.codes);
        unpack_digits(digits + 32, 16, 5, out.codes + 160);
        unpack_digits(last, 4, 4, out.codes + 240);
    }
};

struct BlockTQ2_0 {
    static constexpr int elements = 256, group = 32;
    std::uint8_t codes[64];  // 32 bytes for 128 elements: two bits each of i, i + 32, i + 64, i + 96
    std::uint16_t scale;

    StoredScales stored() const { return {.unit = scale}; }

    void unpack(BlockParts out) const {
        repeat_scale<8>(scale, out.scales);
        for (int i = 0; i < elements; ++i) {
            const int byte = codes[i / 128 * 32 + i % 32];
            out.codes[i] = as_code(((byte >> (i % 128 / 32 * 2)) & 3) - 1);
        }
    }
};

int fp4_level(int nibble) { return fp4_levels[nibble]; }

// Half of an unsigned E4M3 value (bias 7; 0x7F stands for 0 here; the top bit is ignored otherwise).
float half_e4m3(std::uint8_t value) {
    if (value == 0x7F) return 0.0f;
    const int exponent = (value >> 3) & 15, mantissa = value & 7;
    const int units = exponent == 0 ? mantissa << 1 : (mantissa + 8) << exponent;
    return static_cast<float>(units) * 0x1p-11f;
}

struct BlockMXFP4 {
    static constexpr int elements = 32, group = 32;
    std::uint8_t exponent;
    std::uint8_t codes[16];

    StoredScales stored() const {
        StoredScales out;
        out.scales[0] = static_cast<std::int8_t>(exponent);
        return out;
    }

    void unpack(BlockParts out) const {
        out.scales[0] = half_e8m0(exponent);
        unpack_nibbles<16>(codes, out.codes, fp4_level);
    }
};

struct BlockNVFP4 {
    static constexpr int elements = 64, group = 16;
    std::uint8_t scales[4];
    std::uint8_t codes[4][8];  // a group, low nibbles first

    void unpack(BlockParts out) const {
        for (int g = 0; g < 4; ++g) {
            out.scales[g] = half_e4m3(scales[g]);
            unpack_nibbles<8>(codes[g], out.codes + 16 * g, fp4_level);
        }
    }
};

}  // namespace

constexpr BlockType tq1_0_type = describe<BlockTQ1_0>(14);
constexpr BlockType tq2_0_type = describe<BlockTQ2_0>(14);
constexpr BlockType mxfp4_type = describe<BlockMXFP4>(12);
constexpr BlockType nvfp4_type = describe<BlockNVFP4>(13);

}  // namespace lamina::quant
