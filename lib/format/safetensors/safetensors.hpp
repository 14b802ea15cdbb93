// safetensors: named dense tensors behind a JSON header (https://github.com/huggingface/safetensors,
// "Format").
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.hpp"
#include "base/file.hpp"

namespace lamina::format::safetensors {

struct Limits {
    static constexpr std::uint64_t header = 100'000'000;  // bytes of JSON, as the format's own library has it
    static constexpr std::uint64_t tensors = 1'000'000;
    static constexpr std::size_t dimensions = 8;
    static constexpr std::size_t name = 64u << 10;  // bytes
};

enum class ElementType : std::uint8_t {
    f64,
    f32,
    f16,
    bf16,
    i64,
    i32,
    i16,
    i8,
    u64,
    u32,
    u16,
    u8,
    boolean,
    f8_e4m3,
    f8_e5m2,
};

std::string_view to_string(ElementType type);  // "F32": as the format spells it
std::uint64_t size_of(ElementType type);       // bytes of an element
std::optional<ElementType> element_type_from_name(std::string_view name);
std::optional<DType> dtype_of(ElementType type);  // nothing for types that models are not computed in

// A tensor as stored: row-major, little-endian, not aligned. No dimensions: one element; zero dimensions:
// none.
struct Tensor {
    std::string name;
    ElementType type = ElementType::f32;
    std::vector<std::uint64_t> shape;  // outermost first
    std::span<const std::byte> bytes;
    std::uint64_t offset = 0;  // of `bytes` in the file
};

struct Contents {
    std::string path;
    std::shared_ptr<const FileBytes> bytes;       // what the tensors point into
    std::vector<Tensor> tensors;                  // in the order of the header
    std::map<std::string, std::string> metadata;  // of the entry __metadata__
};

// Reads and checks a header: every tensor's range is its shape times its type, and the ranges fill the data
// section with neither gap nor overlap. Throws bad_file, or unsupported for an element type outside the list.
Contents read(std::string path, std::shared_ptr<const FileBytes> bytes);

// Writes a file; throws invalid_argument where names, shapes or sizes cannot be stored, io where writing
// fails.
void write(const std::string& path, std::span<const Tensor> tensors,
           const std::map<std::string, std::string>& metadata);

}  // namespace lamina::format::safetensors
