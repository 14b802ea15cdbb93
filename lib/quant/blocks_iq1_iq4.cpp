// IQ1: ternary codebook entries with an offset of 1/8; IQ4: 4-bit indices into 16 uneven levels.
#include "base/half.hpp"
#include "quant/block_type.hpp"
#include "quant/codebooks.hpp"

namespace lamina::quant {
namespace {

// Eight codes, 8 * grid +- 1: the scale is divided by 8, which f32 does exactly.
void unpack_point(int index, bool lowered, std::int8_t* codes) {
    const auto& point = iq1_codebook[static_cast<std::size_t>(index)];
    const int offset = lowered ? -1 : 1;
    for (std::size_t i = 0; i < 8; ++i) codes[i] = as_code(point[i] + offset);
}

float iq1_scale(float d, int factor) { return d * static_cast<float>(2 * factor + 1) * 0.125f; }

struct BlockIQ1_S {
    static constexpr int elements = 256, group = 32;
    std::uint16_t scale;
    std::uint8_t low[32];  // low 8 of 11 index bits
    std::uint16_t
        high[8];  // a group: four times three index bits, three bits of scale, one for the offset's sign

    void unpack(BlockParts out) const {
        const float d = f16_to_f32(scale);
        for (int g = 0; g < 8; ++g) {
            out.scales[g] = iq1_scale(d, (high[g] >> 12) & 7);
            for (int p = 0; p < 4; ++p) {
                const int index = low[4 * g + p] | ((high[g] >> (3 * p)) & 7) << 8;
                unpack_point(index, (high[g] & 0x8000) != 0, out.codes + 32 * g + 8 * p);
            }
        }
    }
};

struct BlockIQ1_M {
    static constexpr int elements = 256, group = 16;
    std::uint8_t low[32];            // low 8 of 11 index bits
    std::uint8_t high[16];           // a nibble a point: three index bits, one for the offset's sign
    std::uint16_t packed_scales[4];  // four scales of three bits; the top nibbles together are the f16 scale

    std::uint16_t scale() const {
        unsigned bits = 0;
        for (int i = 0; i < 4; ++i) bits |= static_cast<unsigned>(packed_scales[i] >> 12) << (4 * i);
        return static_cast<std::uint16_t>(bits);
    }

    void unpack(BlockParts out) const {
        const float d = f16_to_f32(scale());
        for (int g = 0; g < 16; ++g)
            out.scales[g] = iq1_scale(d, (packed_scales[g / 4] >> (3 * (g % 4))) & 7);
        for (int p = 0; p < 32; ++p) {
            const int nibble = high[p / 2] >> (4 * (p % 2));
            unpack_point(low[p] | (nibble & 7) << 8, (nibble & 8) != 0, out.codes + 8 * p);
        }
    }
};

int iq4_level(int nibble) { return iq4_levels[nibble]; }

struct BlockIQ4_NL {
    static constexpr int elements = 32, group = 32;
    std::uint16_t scale;
    std::uint8_t indices[16];

    void unpack(BlockParts out) const {
        out.scales[0] = f16_to_f32(scale);
        unpack_nibbles<16>(indices, out.codes, iq4_level);
    }
};

struct BlockIQ4_XS {
    static constexpr int elements = 256, group = 32;
    std::uint16_t scale;
    std::uint16_t factors_high;   // eight times two bits
    std::uint8_t factors_low[4];  // eight nibbles
    std::uint8_t indices[128];    // 16 bytes a group, low nibbles first

    int factor(int g) const {
        const int low_bits = (factors_low[g / 2] >> (4 * (g % 2))) & 15;
        return (low_bits | ((factors_high >> (2 * g)) & 3) << 4) - 32;
    }

    StoredScales stored() const {
        StoredScales out{.unit = scale};
        for (int g = 0; g < 8; ++g) out.scales[g] = as_code(factor(g));
        return out;
    }

    void unpack(BlockParts out) const {
        multiply_levels(stored(), 8, false, out);
        for (int g = 0; g < 8; ++g) unpack_nibbles<16>(indices + 16 * g, out.codes + 32 * g, iq4_level);
    }
};

}  // namespace

constexpr BlockType iq1_s_type = describe<BlockIQ1_S>(15);
constexpr BlockType iq1_m_type = describe<BlockIQ1_M>(16);
constexpr BlockType iq4_nl_type = describe<BlockIQ4_NL>(10);
constexpr BlockType iq4_xs_type = describe<BlockIQ4_XS>(11);

}  // namespace lamina::quant
