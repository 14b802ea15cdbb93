// The metadata section of a GGUF file: keys and typed values.
#pragma once

#include <cstdint>

#include "format/gguf/header_reader.hpp"

namespace lamina::format::gguf {

inline constexpr std::uint64_t min_metadata_bytes = 8 + 4 + 1;  // an empty key, the type, a value of one byte

// Reads `count` pairs into model.metadata.
void read_metadata(HeaderReader& reader, std::uint64_t count, ModelFile& model);

}  // namespace lamina::format::gguf
