// K types: super-blocks of 256 whose groups of 16 or 32 have small integer scales, times one f16 of the
// super-block.
#include "base/half.hpp"
#include "quant/block_type.hpp"

namespace lamina::quant {
namespace {

// Two-bit codes of 128 elements: 32 bytes hold elements i, i + 32, i + 64 and i + 96 from the lowest bits up.
int two_bits(const std::uint8_t* packed, int element) {
    return (packed[element / 128 * 32 + element % 32] >> (element % 128 / 32 * 2)) & 3;
}

struct BlockQ2_K {
    static constexpr int elements = 256, group = 16;
    std::uint8_t packed_scales[16];  // low nibble: scale, high nibble: minimum
    std::uint8_t codes[64];
    std::uint16_t scale, minimum;

    StoredScales stored() const {
        StoredScales out{.unit = scale, .minimum_unit = minimum};
        for (int g = 0; g < 16; ++g) {
            out.scales[g] = as_code(packed_scales[g] & 15);
            out.minima[g] = as_code(packed_scales[g] >> 4);
        }
        return out;
    }

    void unpack(BlockParts out) const {
        multiply_levels(stored(), 16, true, out);
        for (int i = 0; i < elements; ++i) out.codes[i] = as_code(two_bits(codes, i));
    }
};

struct BlockQ3_K {
    static constexpr int elements = 256, group = 16;
    std::uint8_t high[32];  // bit j of byte i: element 32 * j + i is not lowered by 4
    std::uint8_t low[64];
    std::uint8_t packed_scales[12];  // 16 scales of 6 bits
    std::uint16_t scale;

    // Low four bits: nibbles of bytes 0..7, low nibbles first. High two bits: pairs of bytes 8..11, lowest
    // pairs first.
    int factor(int g) const {
        const int low_bits = (packed_scales[g % 8] >> (g / 8 * 4)) & 15;
        const int high_bits = (packed_scales[8 + g % 4] >> (g / 4 * 2)) & 3;
        return (low_bits | high_bits << 4) - 32;
    }

    StoredScales stored() const {
        StoredScales out{.unit = scale};
        for (int g = 0; g < 16; ++g) out.scales[g] = as_code(factor(g));
        return out;
    }

    void unpack(BlockParts out) const {
        multiply_levels(stored(), 16, false, out);
        for (int i = 0; i < elements; ++i) {
            const int lowered = ((high[i % 32] >> (i / 32)) & 1) ? 0 : 4;
            out.codes[i] = as_code(two_bits(low, i) - lowered);
        }
    }
};

// Eight scales and eight minima of 6 bits in 12 bytes, as Q4_K and Q5_K have them. Bytes 0..3 and 4..7 hold
// the first four scales and minima; their top two bits complete the last four, whose nibbles are bytes 8..11.
struct SixBitScales {
    std::uint8_t bytes[12];

    StoredScales with(std::uint16_t unit, std::uint16_t minimum_unit) const {
        StoredScales out{.unit = unit, .minimum_unit = minimum_unit};
        for (int g = 0; g < 4; ++g) {
            out.scales[g] = as_code(bytes[g] & 63);
            out.minima[g] = as_code(bytes[4 + g] & 63);
            out.scales[g + 4] = as_code((bytes[8 + g] & 15) | (bytes[g] >> 6) << 4);
            out.minima[g + 4] = as_code((bytes[8 + g] >> 4) | (bytes[4 + g] >> 6) << 4);
        }
        return out;
    }
};

struct BlockQ4_K {
    static constexpr int elements = 256, group = 32;
    std::uint16_t scale, minimum;
    SixBitScales packed_scales;
    std::uint8_t codes[128];  // 32 bytes for 64 elements, low nibbles first

    StoredScales stored() const { return packed_scales.with(scale, minimum); }

    void unpack(BlockParts out) const {
        multiply_levels(stored(), 8, true, out);
        for (int j = 0; j < 4; ++j) {
            unpack_nibbles<32>(codes + 32 * j, out.codes + 64 * j, [](int nibble) { return nibble; });
        }
    }
};

struct BlockQ5_K {
    static constexpr int elements = 256, group = 32;
    std::uint16_t scale, minimum;
    SixBitScales packed_scales;
    std::uint8_t high[32];  // bit j of byte i is bit 4 of element 32 * j + i
    std::uint8_t low[128];  // as in Q4_K

    StoredScales stored() const { return packed_scales.with(scale, minimum); }

    void unpack(BlockParts out) const {
        multiply_levels(stored(), 8, true, out);
        for (int j = 0; j < 4; ++j) {
            std::int8_t* codes = out.codes + 64 * j;
            for (int i = 0; i < 32; ++i) {
                const int byte = low[32 * j + i], bits = high[i] >> (2 * j);
                codes[i] = as_code((byte & 15) | (bits & 1) << 4);
                codes[i + 32] = as_code((byte >> 4) | (bits & 2) << 3);
            }
        }
    }
};

struct BlockQ6_K {
    static constexpr int elements = 256, group = 16;
    std::uint8_t low[128];  // 64 bytes for 128 elements, low nibbles first
    std::uint8_t high[64];  // 32 bytes for 128 elements: two bits each of i, i + 32, i + 64, i + 96
    std::int8_t packed_scales[16];
    std::uint16_t scale;

    StoredScales stored() const {
        StoredScales out{.unit = scale};
        std::memcpy(out.scales, packed_scales, sizeof packed_scales);
        return out;
    }

    void unpack(BlockParts out) const {
        multiply_levels(stored(), 16, false, out);
        for (int half = 0; half < 2; ++half) {
            std::int8_t* codes = out.codes + 128 * half;
            for (int i = 0; i < 32; ++i) {
                const int a = low[64 * half + i], b = low[64 * half + 32 + i], top = high[32 * half + i];
                codes[i] = as_code(((a & 15) | (top & 3) << 4) - 32);
                codes[i + 32] = as_code(((b & 15) | ((top >> 2) & 3) << 4) - 32);
                codes[i + 64] = as_code(((a >> 4) | ((top >> 4) & 3) << 4) - 32);
                codes[i + 96] = as_code(((b >> 4) | (top >> 6) << 4) - 32);
            }
        }
    }
};

}  // namespace

constexpr BlockType q2_k_type = describe<BlockQ2_K>(5);
constexpr BlockType q3_k_type = describe<BlockQ3_K>(6);
constexpr BlockType q4_k_type = describe<BlockQ4_K>(7);
constexpr BlockType q5_k_type = describe<BlockQ5_K>(8);
constexpr BlockType q6_k_type = describe<BlockQ6_K>(9);

}  // namespace lamina::quant
