// Numbers that GGUF files use for types (ggml.h, enum ggml_type and gguf.h, enum gguf_type).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/dtype.hpp"

namespace lamina::format::gguf {

// Types of metadata values.
enum class ValueType : std::uint32_t {
    u8 = 0,
    i8 = 1,
    u16 = 2,
    i16 = 3,
    u32 = 4,
    i32 = 5,
    f32 = 6,
    boolean = 7,
    string = 8,
    array = 9,
    u64 = 10,
    i64 = 11,
    f64 = 12,
};

std::string_view to_string(ValueType type);  // "u32"; "unknown" for numbers outside the list

std::optional<DType> dtype_from_id(std::uint32_t id);
std::uint32_t id_of(DType type);
// The name of a tensor type that exists or existed but cannot be read here ("Q8_K"); empty for other numbers.
std::string_view unsupported_type_name(std::uint32_t id);

}  // namespace lamina::format::gguf
