#include <bit>
#include <utility>

#include "format/gguf/gguf.hpp"
#include "format/gguf/header_reader.hpp"
#include "format/gguf/metadata.hpp"
#include "format/gguf/tensor_info.hpp"

namespace lamina::format::gguf {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie in the file");

constexpr std::string_view magic = "GGUF";
constexpr std::string_view swapped_magic = "FUGG";
constexpr std::uint64_t default_alignment = 32;

std::uint32_t read_version(HeaderReader& reader) {
    const auto mark = as_text(reader.take(magic.size(), "magic"));
    const std::uint64_t offset = reader.position();
    if (mark == swapped_magic) {
        reader.at(0).fail(ErrorCode::unsupported, "magic", "a little-endian GGUF file", "a big-endian one");
    }
    if (mark != magic)
        reader.at(0).fail(ErrorCode::bad_file, "magic", "a file that begins with 'GGUF'", "other bytes");
    const auto version = reader.read<std::uint32_t>("version");
    if (version == 2 || version == 3) return version;
    // A small number with its bytes reversed: written on a big-endian machine.
    if (version != 0 && (version & 0xFFFFu) == 0) {
        reader.at(offset).fail(ErrorCode::unsupported, "version", "a little-endian GGUF file",
                               "a big-endian one");
    }
    reader.at(offset).fail(ErrorCode::unsupported, "version", "GGUF version 2 or 3",
                           "version " + std::to_string(version));
}

std::uint64_t alignment_of(const HeaderReader& reader, const ModelFile& model) {
    const auto value = model.integer("general.alignment", 0, ~0u);
    if (!value) return default_alignment;
    if (!std::has_single_bit(*value) || *value < Limits::min_alignment || *value > Limits::max_alignment) {
        reader.at(reader.position())
            .fail(ErrorCode::bad_file, "general.alignment", "a power of two from 8 to 65536",
                  std::to_string(*value));
    }
    return *value;
}

std::uint64_t read_tensor_count(HeaderReader& reader) {
    const std::uint64_t offset = reader.position();
    const auto count = reader.count("tensor count", min_tensor_info_bytes);
    if (count > Limits::tensors) {
        reader.at(offset).fail(ErrorCode::bad_file, "tensor count",
                               "at most " + std::to_string(Limits::tensors), std::to_string(count));
    }
    return count;
}

}  // namespace

bool matches(std::span<const std::byte> bytes) {
    return as_text(bytes).starts_with(magic) || as_text(bytes).starts_with(swapped_magic);
}

ModelFile read_file(File file) {
    ModelFile model;
    model.files.push_back(std::move(file));
    const File& source = model.files.front();
    HeaderReader reader(source);
    model.format = "GGUF v" + std::to_string(read_version(reader));
    const auto tensors = read_tensor_count(reader);
    const auto pairs = reader.count("metadata count", min_metadata_bytes);
    read_metadata(reader, pairs, model);
    read_tensors(reader, tensors, alignment_of(reader, model), source, model);
    model.index();
    return model;
}

}  // namespace lamina::format::gguf
