#include "format/gguf/types.hpp"

#include <array>

namespace lamina::format::gguf {
namespace {

struct TensorType {
    std::uint32_t id;
    DType type;
};

constexpr std::array<TensorType, dtype_count> tensor_types = {{
    {0, DType::f32},    {1, DType::f16},     {2, DType::q4_0},     {3, DType::q4_1},    {6, DType::q5_0},
    {7, DType::q5_1},   {8, DType::q8_0},    {10, DType::q2_k},    {11, DType::q3_k},   {12, DType::q4_k},
    {13, DType::q5_k},  {14, DType::q6_k},   {16, DType::iq2_xxs}, {17, DType::iq2_xs}, {18, DType::iq3_xxs},
    {19, DType::iq1_s}, {20, DType::iq4_nl}, {21, DType::iq3_s},   {22, DType::iq2_s},  {23, DType::iq4_xs},
    {24, DType::i8},    {25, DType::i16},    {26, DType::i32},     {27, DType::i64},    {28, DType::f64},
    {29, DType::iq1_m}, {30, DType::bf16},   {34, DType::tq1_0},   {35, DType::tq2_0},  {39, DType::mxfp4},
    {40, DType::nvfp4},
}};

}  // namespace

std::string_view to_string(ValueType type) {
    switch (type) {
        case ValueType::u8: return "u8";
        case ValueType::i8: return "i8";
        case ValueType::u16: return "u16";
        case ValueType::i16: return "i16";
        case ValueType::u32: return "u32";
        case ValueType::i32: return "i32";
        case ValueType::f32: return "f32";
        case ValueType::boolean: return "bool";
        case ValueType::string: return "string";
        case ValueType::array: return "array";
        case ValueType::u64: return "u64";
        case ValueType::i64: return "i64";
        case ValueType::f64: return "f64";
    }
    return "unknown";
}

std::optional<DType> dtype_from_id(std::uint32_t id) {
    for (const TensorType& t : tensor_types) {
        if (t.id == id) return t.type;
    }
    return std::nullopt;
}

std::uint32_t id_of(DType type) {
    for (const TensorType& t : tensor_types) {
        if (t.type == type) return t.id;
    }
    return ~0u;  // not reached: the table has every DType
}

std::string_view unsupported_type_name(std::uint32_t id) {
    switch (id) {
        case 4: return "Q4_2, removed from the format";
        case 5: return "Q4_3, removed from the format";
        case 9: return "Q8_1, a type of intermediate results";
        case 15: return "Q8_K, a type of intermediate results";
        case 31: return "Q4_0_4_4, removed from the format";
        case 32: return "Q4_0_4_8, removed from the format";
        case 33: return "Q4_0_8_8, removed from the format";
        case 36: return "IQ4_NL_4_4, removed from the format";
        case 37: return "IQ4_NL_4_8, removed from the format";
        case 38: return "IQ4_NL_8_8, removed from the format";
        case 41: return "Q1_0";
        default: return {};
    }
}

}  // namespace lamina::format::gguf
