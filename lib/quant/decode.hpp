// Block layouts of quantized types and their scalar decode: the one truth that every backend is tested
// against. Layouts as in the GGUF format (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/dtype.hpp"

namespace lamina::quant {

// Decodes `count` elements (a multiple of the type's block size) to f32, exactly as the format defines them.
// Works for every float type and every block type; throws unsupported for others.
// The caller guarantees row_bytes(type, count) input bytes.
void decode(DType type, const std::byte* blocks, std::uint64_t count, float* out);

// True where `decode` knows the type (integers are not weights).
bool is_weight_type(DType type);

// The integer view of a block type: weight[i] = scale[g] * code[i] + minimum[g], g = i / group. Every block
// type has one, with codes in -128..127; it is what integer kernels compute with. Multiplying first and then
// adding in f32 gives `decode` exactly, but for the sign of zeros.
struct IntegerView {
    int group;         // 16 or 32 codes share a scale
    bool has_minimum;  // minimum[] is not all zero by construction
};
IntegerView integer_view(DType type);  // block types only; throws unsupported for others

// Unpacks `count` elements (a multiple of the block size) to codes [count], scales and minima [count /
// group].
void unpack(DType type, const std::byte* blocks, std::uint64_t count, std::int8_t* codes, float* scales,
            float* minima);

// Blocks of `count` f32 values (finite, a multiple of the block size), for tests and tools: q8_0, q4_0, q4_1,
// q5_0, q5_1, mxfp4 and the float types. Codes are those nearest to the values under the scale as stored.
// Throws unsupported for other types.
void encode(DType type, const float* values, std::uint64_t count, std::byte* out);

}  // namespace lamina::quant
