// The tensor descriptions of a GGUF file, and where their bytes lie.
#pragma once

#include <cstdint>

#include "format/gguf/header_reader.hpp"

namespace lamina::format::gguf {

inline constexpr std::uint64_t min_tensor_info_bytes = 8 + 4 + 8 + 4 + 8;  // no name, one dimension

// Reads `count` descriptions into model.tensors and gives each its bytes in `file`. The reader stands at the
// first; the data section begins at the next multiple of `alignment` after the last.
void read_tensors(HeaderReader& reader, std::uint64_t count, std::uint64_t alignment, const File& file,
                  ModelFile& model);

}  // namespace lamina::format::gguf
