// IQ2 and IQ3: codebook entries of magnitudes, eight or four at a time, with signs stored apart.
#include "base/half.hpp"
#include "quant/block_type.hpp"
#include "quant/codebooks.hpp"

namespace lamina::quant {
namespace {

// One code of `width` magnitudes under the sign bits, lowest first; a set bit is a minus.
template <std::size_t width>
void unpack_signed(const std::array<std::int8_t, width>& point, unsigned signs, std::int8_t* codes) {
    for (std::size_t i = 0; i < width; ++i) {
        const int negative = static_cast<int>((signs >> i) & 1);
        codes[i] = as_code((point[i] ^ -negative) + negative);
    }
}

// Seven sign bits; the eighth makes the number of minuses even.
unsigned even_signs(unsigned seven) { return seven | static_cast<unsigned>(std::popcount(seven) & 1) << 7; }

// d * (factor + 1/2) * step, each product exact in f32: 11 + 5 bits.
float half_odd_scale(float d, unsigned factor, float step) {
    return d * (0.5f + static_cast<float>(factor)) * step;
}

unsigned nibble(const std::uint8_t* bytes, int index) {
    return (bytes[index / 2] >> (4 * (index % 2))) & 15u;
}

struct BlockIQ2_XXS {
    static constexpr int elements = 256, group = 32;
    std::uint16_t scale;
    std::uint8_t groups[8][8];  // four indices, then 32 bits: four times seven signs, four bits of scale

    void unpack(BlockParts out) const {
        const float d = f16_to_f32(scale);
        for (int g = 0; g < 8; ++g) {
            std::uint32_t bits;
            std::memcpy(&bits, groups[g] + 4, sizeof bits);
            out.scales[g] = half_odd_scale(d, bits >> 28, 0.25f);
            for (int p = 0; p < 4; ++p) {
                unpack_signed(iq2_xxs_codebook[groups[g][p]], even_signs((bits >> (7 * p)) & 127),
                              out.codes + 32 * g + 8 * p);
            }
        }
    }
};

struct BlockIQ2_XS {
    static constexpr int elements = 256, group = 16;
    std::uint16_t scale;
    std::uint16_t points[32];  // 9 bits of index, 7 of signs
    std::uint8_t packed_scales[8];

    void unpack(BlockParts out) const {
        const float d = f16_to_f32(scale);
        for (int g = 0; g < 16; ++g) out.scales[g] = half_odd_scale(d, nibble(packed_scales, g), 0.25f);
        for (int p = 0; p < 32; ++p) {
            unpack_signed(iq2_xs_codebook[points[p] & 511u], even_signs(points[p] >> 9), out.codes + 8 * p);
        }
    }
};

struct BlockIQ2_S {
    static constexpr int elements = 256, group = 16;
    std::uint16_t scale;
    std::uint8_t low[32];  // low 8 of 10 index bits
    std::uint8_t signs[32];
    std::uint8_t high[8];  // two index bits a point
    std::uint8_t packed_scales[8];

    void unpack(BlockParts out) const {
        const float d = f16_to_f32(scale);
        for (int g = 0; g < 16; ++g) out.scales[g] = half_odd_scale(d, nibble(packed_scales, g), 0.25f);
        for (int p = 0; p < 32; ++p) {
            const unsigned index = low[p] | ((high[p / 4] >> (2 * (p % 4))) & 3u) << 8;
            unpack_signed(iq2_s_codebook[index], signs[p], out.codes + 8 * p);
        }
    }
};

struct BlockIQ3_XXS {
    static constexpr int elements = 256, group = 32;
    std::uint16_t scale;
    std::uint8_t indices[64];
    std::uint8_t groups[8][4];  // 32 bits: four times seven signs, four bits of scale

    void unpack(BlockParts out) const {
        const float d = f16_to_f32(scale);
        for (int g = 0; g < 8; ++g) {
            std::uint32_t bits;
            std::memcpy(&bits, groups[g], sizeof bits);
            out.scales[g] = half_odd_scale(d, bits >> 28, 0.5f);
            for (int p = 0; p < 8; ++p) {
                const unsigned signs = even_signs((bits >> (7 * (p / 2))) & 127) >> (4 * (p % 2));
                unpack_signed(iq3_xxs_codebook[indices[8 * g + p]], signs, out.codes + 32 * g + 4 * p);
            }
        }
    }
};

struct BlockIQ3_S {
    static constexpr int elements = 256, group = 32;
    std::uint16_t scale;
    std::uint8_t low[64];  // low 8 of 9 index bits
    std::uint8_t high[8];  // one index bit a point
    std::uint8_t signs[32];
    std::uint8_t packed_scales[4];

    void unpack(BlockParts out) const {
        const float d = f16_to_f32(scale);
        for (int g = 0; g < 8; ++g) out.scales[g] = d * static_cast<float>(2 * nibble(packed_scales, g) + 1);
        for (int p = 0; p < 64; ++p) {
            const unsigned index = low[p] | ((high[p / 8] >> (p % 8)) & 1u) << 8;
            unpack_signed(iq3_s_codebook[index], nibble(signs, p), out.codes + 4 * p);
        }
    }
};

}  // namespace

constexpr BlockType iq2_xxs_type = describe<BlockIQ2_XXS>(15);
constexpr BlockType iq2_xs_type = describe<BlockIQ2_XS>(16);
constexpr BlockType iq2_s_type = describe<BlockIQ2_S>(16);
constexpr BlockType iq3_xxs_type = describe<BlockIQ3_XXS>(15);
constexpr BlockType iq3_s_type = describe<BlockIQ3_S>(15);

}  // namespace lamina::quant
