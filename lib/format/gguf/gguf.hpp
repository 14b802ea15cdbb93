// GGUF, the model format of ggml: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
// Versions 2 and 3, little-endian, in one file or in parts named -00001-of-0000N.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "format/model_file.hpp"

namespace lamina::format::gguf {

// Limits that no real file comes near; they bound what a hostile one can make us do.
struct Limits {
    static constexpr std::uint64_t key = 64u << 10;      // bytes of a metadata key or tensor name
    static constexpr std::uint64_t string = 64u << 20;   // bytes of a metadata string
    static constexpr std::uint64_t metadata = 1u << 30;  // bytes of all metadata, as held in memory
    static constexpr std::uint64_t tensors = 1'000'000;
    static constexpr std::uint32_t dimensions = 4;
    static constexpr std::uint64_t min_alignment = 8;
    static constexpr std::uint64_t max_alignment = 64u << 10;
};

// Whether the bytes begin as a GGUF file of any version or byte order does.
bool matches(std::span<const std::byte> bytes);

// Reads and checks the header of one file, its parts not looked for. Throws bad_file where a rule of the
// format or a limit is broken, unsupported for version 1, big-endian files, nested arrays and types that
// lamina cannot read.
ModelFile read_file(File file);

// Opens `path` and, where it is one of several parts (keys split.*), all others; any part may be given.
// Metadata are those of the first part.
ModelFile open(const std::string& path, FileAccess access);

}  // namespace lamina::format::gguf
