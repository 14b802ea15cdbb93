#include "quant/decode.hpp"

#include <algorithm>

#include "base/half.hpp"
#include "lamina/error.hpp"
#include "quant/block_type.hpp"

namespace lamina::quant {
namespace {

constexpr std::uint64_t chunk = 256;  // elements: a multiple of every block size

template <float (*widen)(std::uint16_t)>
void decode_half(const std::byte* in, std::uint64_t count, float* out) {
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint16_t bits;
        std::memcpy(&bits, in + i * sizeof bits, sizeof bits);
        out[i] = widen(bits);
    }
}

void decode_float(DType type, const std::byte* in, std::uint64_t count, float* out) {
    switch (type) {
        case DType::f16: return decode_half<f16_to_f32>(in, count, out);
        case DType::bf16: return decode_half<bf16_to_f32>(in, count, out);
        default: std::memcpy(out, in, count * sizeof(float));
    }
}

// Types without minima are not given a zero to add: it would turn -0 into +0.
void combine(const BlockType& type, const std::int8_t* codes, const float* scales, const float* minima,
             std::uint64_t count, float* out) {
    const auto group = static_cast<std::uint64_t>(type.group);
    for (std::uint64_t first = 0, g = 0; first < count; first += group, ++g) {
        const float scale = scales[g];
        for (std::uint64_t i = first; i < first + group; ++i) out[i] = scale * static_cast<float>(codes[i]);
        if (!type.has_minimum) continue;
        const float minimum = minima[g];
        for (std::uint64_t i = first; i < first + group; ++i) out[i] += minimum;
    }
}

void decode_blocks(DType dtype, const std::byte* in, std::uint64_t count, float* out) {
    const BlockType& type = block_type(dtype);
    std::int8_t codes[chunk];
    float scales[chunk / 16], minima[chunk / 16];
    for (std::uint64_t first = 0; first < count; first += chunk) {
        const std::uint64_t elements = std::min(chunk, count - first);
        type.unpack(in + row_bytes(dtype, first), elements / info(dtype).block_size, codes, scales, minima);
        combine(type, codes, scales, minima, elements, out + first);
    }
}

}  // namespace

void decode(DType type, const std::byte* blocks, std::uint64_t count, float* out) {
    if (is_float(type)) return decode_float(type, blocks, count, out);
    decode_blocks(type, blocks, count, out);
}

bool is_weight_type(DType type) { return is_float(type) || is_quantized(type); }

IntegerView integer_view(DType type) {
    const BlockType& block = block_type(type);
    return {block.group, block.has_minimum};
}

void unpack(DType type, const std::byte* blocks, std::uint64_t count, std::int8_t* codes, float* scales,
            float* minima) {
    const BlockType& block = block_type(type);
    block.unpack(blocks, count / info(type).block_size, codes, scales, minima);
    if (!block.has_minimum) std::fill_n(minima, count / static_cast<std::uint64_t>(block.group), 0.0f);
}

}  // namespace lamina::quant
