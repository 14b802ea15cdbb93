// The JSON header of a safetensors file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "format/extent.hpp"
#include "format/safetensors/safetensors.hpp"

namespace lamina::format::safetensors {

// One entry of the header; `data` counts from the beginning of the data section and is not checked against
// it.
struct Entry {
    std::string name;
    std::string dtype;
    std::vector<std::uint64_t> shape;
    Extent data;
};

struct Header {
    std::vector<Entry> entries;  // in the order of the text, no name twice
    std::map<std::string, std::string> metadata;
};

// Parses the text without building a document: memory is bounded by the text's size, depth by the format.
// Throws bad_file naming `path` and the entry.
Header parse_header(std::string_view json, const std::string& path);

}  // namespace lamina::format::safetensors
