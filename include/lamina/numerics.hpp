/// @file
/// How precisely a model computes.
#pragma once

namespace lamina {

/// Element type of the KV cache.
enum class CacheType {
    f16,        ///< IEEE half, 2 bytes
    f32,        ///< IEEE single, 4 bytes
    bf16,       ///< bfloat16, 2 bytes
    automatic,  ///< f32 where the whole cache takes at most 64 MiB then, else f16
    q8_0,       ///< 8 bits and a scale for 32 values, 1.0625 bytes: half of f16, a little less exact
};

/// How far the inputs of a matrix product may be rounded.
enum class ComputeType {
    /// Float weights (F32, F16, BF16): bf16 inputs for bf16 weights, else f32. Quantized weights: inputs of
    /// 16
    /// bits in small models, in those with experts (rounding would change which are chosen) and for the
    /// values
    /// of attention, else of 8 bits, or bf16 where a matrix unit (AMX) multiplies many rows. If most matrix
    /// inputs are rounded anyway, attention of prompts uses bf16 too, where the device has it.
    automatic,
    f32,   ///< float weights: f32 inputs; quantized weights: inputs of 16 bits; attention in f32
    bf16,  ///< bf16 inputs of float weights and of attention of prompts; quantized weights: as `automatic` in
           ///< large models
};

}  // namespace lamina
