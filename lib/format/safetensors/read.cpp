#include <algorithm>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/checked.hpp"
#include "format/extent.hpp"
#include "format/safetensors/header.hpp"
#include "format/safetensors/safetensors.hpp"

namespace lamina::format::safetensors {
namespace {

std::string to_text(const Extent& extent) {
    return "bytes " + std::to_string(extent.begin) + " to " + std::to_string(extent.end);
}

std::string_view header_text(ByteReader& reader) {
    const auto size = reader.read<std::uint64_t>("header size");
    if (size > Limits::header || size > reader.remaining()) {
        reader.errors().fail(
            ErrorCode::bad_file, "header size",
            "at most " + std::to_string(std::min(Limits::header, reader.remaining())) + " bytes",
            std::to_string(size));
    }
    const auto text = as_text(reader.take(size, "header"));
    if (text.empty() || text.front() != '{')
        reader.errors().fail(ErrorCode::bad_file, "header", "JSON that begins with '{'", "other bytes");
    // The JSON parser takes a zero byte for the end and would leave what follows unread.
    if (text.find('\0') != std::string_view::npos)
        reader.errors().fail(ErrorCode::bad_file, "header", "JSON", "a zero byte");
    return text;
}

Tensor to_tensor(Entry&& entry, const std::string& path, std::span<const std::byte> data,
                 std::uint64_t data_begin) {
    Tensor out;
    const auto type = element_type_from_name(entry.dtype);
    const Errors errors{"safetensors", path};
    if (!type) errors.fail(ErrorCode::unsupported, entry.name, "a known dtype", "'" + entry.dtype + "'");
    const auto elements = checked_elements(entry.shape);
    const auto bytes = elements ? checked_mul(*elements, size_of(*type)) : std::nullopt;
    const auto [begin, end] = entry.data;
    if (begin > end || end > data.size()) {
        errors.fail(ErrorCode::bad_file, entry.name,
                    "a range within " + std::to_string(data.size()) + " bytes of data", to_text(entry.data));
    }
    if (!bytes || *bytes != end - begin) {
        errors.fail(ErrorCode::bad_file, entry.name,
                    std::string(to_string(*type)) + format::to_text(entry.shape) + " to have " +
                        (bytes ? std::to_string(*bytes) + " bytes" : "a size that fits into 64 bits"),
                    to_text(entry.data));
    }
    out.name = std::move(entry.name);
    out.type = *type;
    out.shape = std::move(entry.shape);
    out.bytes = data.subspan(begin, end - begin);
    out.offset = data_begin + begin;
    return out;
}

// The ranges must fill the data section: what no tensor owns could hide anything.
void check_filled(const Contents& contents, std::uint64_t data_begin, std::uint64_t size) {
    std::vector<Extent> extents;
    extents.reserve(contents.tensors.size());
    for (const Tensor& t : contents.tensors) {
        const std::uint64_t begin = t.offset - data_begin;
        extents.push_back({begin, begin + t.bytes.size()});
    }
    const Errors errors{"safetensors", contents.path};
    std::uint64_t end = 0;
    for (const std::size_t i : order_of(extents)) {
        if (extents[i].begin != end) {
            errors.fail(ErrorCode::bad_file, contents.tensors[i].name,
                        "data from byte " + std::to_string(end) + " on",
                        to_text(extents[i]) + (extents[i].begin < end ? ", an overlap" : ", a gap"));
        }
        end = std::max(end, extents[i].end);
    }
    if (end == size) return;
    errors.fail(ErrorCode::bad_file, "header", "tensors that fill " + std::to_string(size) + " bytes of data",
                std::to_string(end) + " bytes");
}

}  // namespace

Contents read(std::string path, std::shared_ptr<const FileBytes> bytes) {
    Contents out;
    out.path = std::move(path);
    out.bytes = std::move(bytes);
    const auto all = out.bytes->bytes();
    ByteReader reader(all, "safetensors", out.path);
    if (all.size() >= 8) {
        std::uint64_t size = 0;
        out.bytes->populate(0, 8);
        std::memcpy(&size, all.data(), sizeof(size));
        out.bytes->populate(0, std::min<std::uint64_t>(all.size(), 8 + std::min(size, Limits::header)));
    }
    Header header = parse_header(header_text(reader), out.path);
    const std::uint64_t data_begin = reader.position();
    const auto data = all.subspan(data_begin);
    out.tensors.reserve(header.entries.size());
    for (Entry& entry : header.entries)
        out.tensors.push_back(to_tensor(std::move(entry), out.path, data, data_begin));
    check_filled(out, data_begin, data.size());
    out.metadata = std::move(header.metadata);
    return out;
}

}  // namespace lamina::format::safetensors
