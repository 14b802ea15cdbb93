#include <bit>
#include <cstring>
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

bool begins_with(std::span<const std::byte> bytes, std::string_view text) {
    return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

std::uint32_t read_version(HeaderReader& reader) {
    const auto mark = reader.take(magic.size(), "magic");
    const std::uint64_t offset = reader.position();
    if (begins_with(mark, swapped_magic)) {
        reader.fail(0, "magic", "a little-endian GGUF file", "a big-endian one", ErrorCode::unsupported);
    }
    if (!begins_with(mark, magic)) reader.fail(0, "magic", "a file that begins with 'GGUF'", "other bytes");
    const auto version = reader.read<std::uint32_t>("version");
    if (version == 2 || version == 3) return version;
    // A small number with its bytes reversed: written on a big-endian machine.
    if (version != 0 && (version & 0xFFFFu) == 0) {
        reader.fail(offset, "version", "a little-endian GGUF file", "a big-endian one",
                    ErrorCode::unsupported);
    }
    reader.fail(offset, "version", "GGUF version 2 or 3", "version " + std::to_string(version),
                ErrorCode::unsupported);
}

std::uint64_t alignment_of(const HeaderReader& reader, const ModelFile& model) {
    const auto value = model.integer("general.alignment", 0, ~0u);
    if (!value) return default_alignment;
    if (!std::has_single_bit(*value) || *value < Limits::min_alignment || *value > Limits::max_alignment) {
        reader.fail(reader.position(), "general.alignment", "a power of two from 8 to 65536",
                    std::to_string(*value));
    }
    return *value;
}

std::uint64_t read_tensor_count(HeaderReader& reader) {
    const std::uint64_t offset = reader.position();
    const auto count = reader.count("tensor count", min_tensor_info_bytes);
    if (count > Limits::tensors) {
        reader.fail(offset, "tensor count", "at most " + std::to_string(Limits::tensors),
                    std::to_string(count));
    }
    return count;
}

}  // namespace

bool matches(std::span<const std::byte> bytes) {
    return begins_with(bytes, magic) || begins_with(bytes, swapped_magic);
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
