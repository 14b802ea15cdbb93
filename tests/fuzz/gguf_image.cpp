#include "fuzz/gguf_image.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "base/checked.hpp"
#include "base/dtype.hpp"
#include "format/gguf/types.hpp"

namespace lamina::fuzz {
namespace {

constexpr std::string_view alignment_key = "general.alignment";

// Reads while there are bytes; `good` tells whether there were.
struct Cursor {
    std::span<const std::uint8_t> bytes;
    std::size_t at = 0;
    bool good = true;

    std::span<const std::uint8_t> take(std::uint64_t size) {
        if (size > bytes.size() - at) good = false;
        if (!good) return {};
        at += size;
        return bytes.subspan(at - size, size);
    }
    template <class T>
    T number() {
        T out{};
        const auto from = take(sizeof(T));
        if (good) std::memcpy(&out, from.data(), sizeof(T));
        return out;
    }
    std::string text() {
        const auto from = take(number<std::uint64_t>());
        return std::string(from.begin(), from.end());
    }
};

void skip_value(Cursor& in, std::uint32_t type) {
    if (const auto size = scalar_bytes(type)) {
        in.take(size);
    } else if (type == string_type) {
        in.text();
    } else if (type == array_type) {
        const auto element = in.number<std::uint32_t>();
        const auto count = in.number<std::uint64_t>();
        const auto size = scalar_bytes(element);
        const auto bytes = checked_mul(count, size);
        if (size > 0 && bytes) {
            in.take(*bytes);
        } else if (element == string_type) {
            for (std::uint64_t i = 0; in.good && i < count; ++i) in.text();
        } else {
            in.good = false;
        }
    } else {
        in.good = false;
    }
}

std::optional<GgufPair> read_pair(Cursor& in) {
    GgufPair out;
    out.key.text = in.text();
    out.type = in.number<std::uint32_t>();
    const auto begin = in.at;
    skip_value(in, out.type);
    if (!in.good) return std::nullopt;
    const auto value = in.bytes.subspan(begin, in.at - begin);
    out.value.assign(value.begin(), value.end());
    return out;
}

std::optional<GgufTensor> read_tensor(Cursor& in) {
    GgufTensor out;
    out.name.text = in.text();
    const auto dimensions = in.number<std::uint32_t>();
    if (dimensions > 8) in.good = false;
    for (std::uint32_t i = 0; in.good && i < dimensions; ++i)
        out.dimensions.push_back(in.number<std::uint64_t>());
    out.type = in.number<std::uint32_t>();
    out.offset = in.number<std::uint64_t>();
    return in.good ? std::optional(std::move(out)) : std::nullopt;
}

template <class T, class Read>
bool read_all(Cursor& in, std::uint64_t count, std::vector<T>& out, const Read& read) {
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto begin = in.at;
        auto one = read(in);
        if (!one) {
            in.at = begin;
            return false;
        }
        out.push_back(std::move(*one));
    }
    return true;
}

template <class T>
void put(Bytes& out, T value) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(&value);
    out.insert(out.end(), from, from + sizeof(T));
}

void put(Bytes& out, const GgufText& text) {
    put(out, text.length.value_or(text.text.size()));
    out.insert(out.end(), text.text.begin(), text.text.end());
}

// Bytes of a tensor; nothing where type or shape have no size.
std::optional<std::uint64_t> bytes_of(const GgufTensor& tensor) {
    const auto type = format::gguf::dtype_from_id(tensor.type);
    if (!type || tensor.dimensions.empty() || tensor.dimensions[0] % info(*type).block_size != 0)
        return std::nullopt;
    std::optional<std::uint64_t> out = info(*type).block_bytes;
    for (std::size_t i = 0; i < tensor.dimensions.size() && out; ++i) {
        out = checked_mul(*out, tensor.dimensions[i] / (i == 0 ? info(*type).block_size : 1));
    }
    return out;
}

}  // namespace

std::size_t scalar_bytes(std::uint32_t type) {
    constexpr std::uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < std::size(sizes) ? sizes[type] : 0;
}

Bytes scalar(std::uint64_t value, std::size_t bytes) {
    Bytes out;
    put(out, value);
    out.resize(bytes);
    return out;
}

std::uint64_t GgufFile::alignment() const {
    for (const auto& pair : pairs) {
        if (pair.key.text != alignment_key || pair.value.size() != 4) continue;
        std::uint32_t value = 0;
        std::memcpy(&value, pair.value.data(), 4);
        if (std::has_single_bit(value) && value <= 65536) return value;
    }
    return 32;
}

bool GgufFile::lay_out(std::uint64_t most) {
    std::uint64_t end = 0;
    for (auto& tensor : tensors) {
        const auto size = bytes_of(tensor);
        tensor.offset = align_up(end, alignment());
        if (!size || *size > most || tensor.offset + *size > most) return false;
        end = tensor.offset + *size;
    }
    rest.resize(end, 0x3C);
    return true;
}

GgufFile read_image(std::span<const std::uint8_t> bytes) {
    Cursor in{bytes};
    GgufFile out;
    out.magic = in.number<std::uint32_t>();
    out.version = in.number<std::uint32_t>();
    const auto tensors = in.number<std::uint64_t>(), pairs = in.number<std::uint64_t>();
    const bool all =
        read_all(in, pairs, out.pairs, read_pair) && read_all(in, tensors, out.tensors, read_tensor);
    if (out.tensors.size() != tensors) out.tensor_count = tensors;
    if (out.pairs.size() != pairs) out.pair_count = pairs;
    if (all) {
        const auto data = align_up(in.at, out.alignment());
        out.whole = data <= bytes.size();
        if (out.whole) in.at = data;
    }
    const auto rest = bytes.subspan(in.at);
    out.rest.assign(rest.begin(), rest.end());
    return out;
}

Bytes write_image(const GgufFile& file) {
    Bytes out;
    put(out, file.magic);
    put(out, file.version);
    put(out, file.tensor_count.value_or(file.tensors.size()));
    put(out, file.pair_count.value_or(file.pairs.size()));
    for (const auto& pair : file.pairs) {
        put(out, pair.key);
        put(out, pair.type);
        out.insert(out.end(), pair.value.begin(), pair.value.end());
    }
    for (const auto& tensor : file.tensors) {
        put(out, tensor.name);
        put(out, tensor.dimension_count.value_or(static_cast<std::uint32_t>(tensor.dimensions.size())));
        for (const auto dimension : tensor.dimensions) put(out, dimension);
        put(out, tensor.type);
        put(out, tensor.offset);
    }
    if (file.whole && !file.rest.empty()) out.resize(align_up(out.size(), file.alignment()));
    out.insert(out.end(), file.rest.begin(), file.rest.end());
    return out;
}

}  // namespace lamina::fuzz
