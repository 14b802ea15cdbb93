// A GGUF file as its fields, right or wrong: what the mutator changes. Reading takes what it can and keeps
// the rest as bytes; writing gives the same bytes back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lamina::fuzz {

using Bytes = std::vector<std::uint8_t>;

struct GgufText {
    std::string text;
    std::optional<std::uint64_t> length = {};  // as the file has it, where that is another
};

struct GgufPair {
    GgufText key;
    std::uint32_t type = 0;
    Bytes value;  // as in the file
};

struct GgufTensor {
    GgufText name;
    std::vector<std::uint64_t> dimensions;  // innermost first, as in the file
    std::optional<std::uint32_t> dimension_count = {};
    std::uint32_t type = 0;
    std::uint64_t offset = 0;
};

struct GgufFile {
    std::uint32_t magic = 0, version = 0;
    std::optional<std::uint64_t> tensor_count = {}, pair_count = {};
    std::vector<GgufPair> pairs;
    std::vector<GgufTensor> tensors;
    bool whole = false;  // everything was understood; `rest` is then the data section, its padding left out
    Bytes rest;

    std::uint64_t alignment() const;
    // Offsets one after the other, data of the sizes that types and shapes ask for; false where that is more
    // than `most` bytes or not computable.
    bool lay_out(std::uint64_t most);
};

constexpr std::size_t gguf_header_bytes = 4 + 4 + 8 + 8;

GgufFile read_image(std::span<const std::uint8_t> bytes);  // of at least gguf_header_bytes
Bytes write_image(const GgufFile& file);

// A value as the file has it.
Bytes scalar(std::uint64_t value, std::size_t bytes);
std::size_t scalar_bytes(std::uint32_t type);  // 0 for strings, arrays and types that do not exist
constexpr std::uint32_t string_type = 8, array_type = 9;

}  // namespace lamina::fuzz
