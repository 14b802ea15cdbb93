// Element and block types of stored tensors, by the names GGUF uses.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lamina {

enum class DType : std::uint8_t {
    f32,
    f16,
    bf16,
    f64,
    i8,
    i16,
    i32,
    i64,
    q4_0,
    q4_1,
    q5_0,
    q5_1,
    q8_0,
    q2_k,
    q3_k,
    q4_k,
    q5_k,
    q6_k,
    iq1_s,
    iq1_m,
    iq2_xxs,
    iq2_xs,
    iq2_s,
    iq3_xxs,
    iq3_s,
    iq4_nl,
    iq4_xs,
    tq1_0,
    tq2_0,
    mxfp4,
    nvfp4,
};
inline constexpr int dtype_count = static_cast<int>(DType::nvfp4) + 1;

struct DTypeInfo {
    std::string_view name;      // "q4_K": as GGUF tools spell it
    std::uint32_t block_size;   // elements in a block; 1 for plain types
    std::uint32_t block_bytes;  // bytes of a block
};

const DTypeInfo& info(DType type);
std::optional<DType> dtype_from_name(std::string_view name);
inline bool is_quantized(DType type) { return info(type).block_size > 1; }
inline bool is_float(DType type) { return type <= DType::bf16; }

// Bytes of `elements` consecutive elements, a multiple of the block size (the caller checks).
// Blocks are counted first, so that the product cannot wrap for a count that a file of that size can hold.
inline std::uint64_t row_bytes(DType type, std::uint64_t elements) {
    return elements / info(type).block_size * info(type).block_bytes;
}

}  // namespace lamina
