#include "format/gguf/tensor_info.hpp"

#include <algorithm>

#include "base/checked.hpp"
#include "format/extent.hpp"
#include "format/gguf/types.hpp"
#include "format/planted_error.hpp"

namespace lamina::format::gguf {
namespace {

// A description as read; sizes are known to fit into 64 bits, not yet to lie in the file.
struct Description {
    std::uint64_t offset = 0;  // in the data section
    std::uint64_t size = 0;    // bytes
    std::uint64_t at = 0;      // where the file gives the offset, for errors
};

std::vector<std::uint64_t> read_shape(HeaderReader& reader, std::string_view name) {
    const std::uint64_t offset = reader.position();
    const auto dimensions = reader.read<std::uint32_t>(name);
    if (dimensions < 1 || dimensions > Limits::dimensions) {
        reader.at(offset).fail(ErrorCode::bad_file, name, "a tensor of 1 to 4 dimensions",
                               std::to_string(dimensions) + " dimensions");
    }
    std::vector<std::uint64_t> shape(dimensions);
    // The file lists the innermost dimension first.
    for (auto d = shape.rbegin(); d != shape.rend(); ++d) *d = reader.read<std::uint64_t>(name);
    if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) {
        reader.at(offset).fail(ErrorCode::bad_file, name, "dimensions of at least 1",
                               "the shape " + to_text(shape));
    }
    return shape;
}

DType read_type(HeaderReader& reader, std::string_view name) {
    const std::uint64_t offset = reader.position();
    const auto id = reader.read<std::uint32_t>(name);
    if (const auto type = dtype_from_id(id)) return *type;
    const auto known = unsupported_type_name(id);
    if (known.empty()) {
        reader.at(offset).fail(ErrorCode::bad_file, name, "a tensor type of GGUF",
                               "type number " + std::to_string(id) + ", which does not exist");
    }
    reader.at(offset).fail(ErrorCode::unsupported, name, "a tensor type that can be read",
                           "type number " + std::to_string(id) + " (" + std::string(known) + ")");
}

// Bytes of the tensor. Blocks are counted before bytes, and every product is checked.
std::uint64_t size_of(const HeaderReader& reader, std::uint64_t at, const Tensor& tensor) {
    const DTypeInfo& type = info(tensor.type);
    if (tensor.columns() % type.block_size != 0) {
        reader.at(at).fail(ErrorCode::bad_file, tensor.name,
                           "rows of a multiple of " + std::to_string(type.block_size) +
                               " elements for the type " + std::string(type.name),
                           "the shape " + to_text(tensor.shape));
    }
    std::vector<std::uint64_t> blocks = tensor.shape;
    blocks.back() /= type.block_size;
    const auto elements = checked_elements(tensor.shape);
    const auto count = checked_elements(blocks);
    const auto bytes = count ? checked_mul(*count, type.block_bytes) : std::nullopt;
    if (!elements || !bytes) {
        reader.at(at).fail(ErrorCode::bad_file, tensor.name, "a size that fits into 64 bits",
                           "the shape " + to_text(tensor.shape));
    }
    return *bytes;
}

Description read_description(HeaderReader& reader, Tensor& tensor) {
    tensor.name = reader.string("tensor name", Limits::key);
    const std::uint64_t at = reader.position();
    tensor.shape = read_shape(reader, tensor.name);
    tensor.type = read_type(reader, tensor.name);
    Description out;
    out.size = size_of(reader, at, tensor);
    out.at = reader.position();
    out.offset = reader.read<std::uint64_t>(tensor.name);
    return out;
}

// Gives the tensor its bytes: [data, data + offset + size) must lie in the file.
void place(const HeaderReader& reader, const Description& d, std::uint64_t data, std::uint64_t alignment,
           const File& file, Tensor& tensor) {
    if (d.offset % alignment != 0) {
        reader.at(d.at).fail(ErrorCode::bad_file, tensor.name,
                             "an offset that is a multiple of " + std::to_string(alignment),
                             std::to_string(d.offset));
    }
    const auto bytes = file.bytes->bytes();
    const auto begin = checked_add(data, d.offset);
    const auto end = begin ? checked_add(*begin, d.size) : std::nullopt;
    if (!end || *end > bytes.size() + planted_slack) {
        reader.at(d.at).fail(ErrorCode::bad_file, tensor.name,
                             "data of " + std::to_string(d.size) + " bytes at offset " +
                                 std::to_string(d.offset) + " of the data section, which begins at byte " +
                                 std::to_string(data),
                             "a file that ends at byte " + std::to_string(bytes.size()) +
                                 ": it is damaged or not completely downloaded");
    }
    tensor.offset = *begin;
    tensor.bytes = bytes.subspan(*begin, d.size);
}

void check_apart(const HeaderReader& reader, const std::vector<Description>& descriptions,
                 const std::vector<Tensor>& tensors) {
    std::vector<Extent> extents;
    extents.reserve(tensors.size());
    for (const Tensor& t : tensors) extents.push_back({t.offset, t.offset + t.bytes.size()});
    const auto order = order_of(extents);
    for (std::size_t i = 1; i < order.size(); ++i) {
        if (extents[order[i]].begin >= extents[order[i - 1]].end) continue;
        reader.at(descriptions[order[i]].at)
            .fail(ErrorCode::bad_file, tensors[order[i]].name, "data of its own",
                  "data that overlap those of '" + tensors[order[i - 1]].name + "'");
    }
}

}  // namespace

void read_tensors(HeaderReader& reader, std::uint64_t count, std::uint64_t alignment, const File& file,
                  ModelFile& model) {
    std::vector<Description> descriptions;
    reader.check_count(reader.position(), "tensor count", count, min_tensor_info_bytes);
    descriptions.reserve(count);
    model.tensors.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        descriptions.push_back(read_description(reader, model.tensors.emplace_back()));
    }
    const auto data = checked_align(reader.position(), alignment);
    if (!data)
        reader.at(reader.position())
            .fail(ErrorCode::bad_file, "data section", "a beginning that fits into 64 bits", "more");
    for (std::size_t i = 0; i < descriptions.size(); ++i) {
        place(reader, descriptions[i], *data, alignment, file, model.tensors[i]);
    }
    check_apart(reader, descriptions, model.tensors);
}

}  // namespace lamina::format::gguf
