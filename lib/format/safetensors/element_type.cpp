#include <array>

#include "format/safetensors/safetensors.hpp"

namespace lamina::format::safetensors {
namespace {

struct TypeInfo {
    std::string_view name;
    std::uint64_t bytes;
    std::optional<DType> dtype;
};

// In the order of ElementType.
constexpr std::array<TypeInfo, 15> table = {{
    {"F64", 8, DType::f64},
    {"F32", 4, DType::f32},
    {"F16", 2, DType::f16},
    {"BF16", 2, DType::bf16},
    {"I64", 8, DType::i64},
    {"I32", 4, DType::i32},
    {"I16", 2, DType::i16},
    {"I8", 1, DType::i8},
    {"U64", 8, std::nullopt},
    {"U32", 4, std::nullopt},
    {"U16", 2, std::nullopt},
    {"U8", 1, std::nullopt},
    {"BOOL", 1, std::nullopt},
    {"F8_E4M3", 1, std::nullopt},
    {"F8_E5M2", 1, std::nullopt},
}};

const TypeInfo& info(ElementType type) { return table[static_cast<std::size_t>(type)]; }

}  // namespace

std::string_view to_string(ElementType type) { return info(type).name; }
std::uint64_t size_of(ElementType type) { return info(type).bytes; }
std::optional<DType> dtype_of(ElementType type) { return info(type).dtype; }

std::optional<ElementType> element_type_from_name(std::string_view name) {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table[i].name == name) return static_cast<ElementType>(i);
    }
    return std::nullopt;
}

}  // namespace lamina::format::safetensors
