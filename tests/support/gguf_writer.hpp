// Writes GGUF files for tests: well-formed ones in a few lines, and broken ones through the raw_* calls and
// the list of fields of an image.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/dtype.hpp"
#include "format/gguf/types.hpp"

namespace lamina::test {

using Bytes = std::vector<std::byte>;
using format::gguf::ValueType;

inline void append_bytes(Bytes& out, const void* data, std::size_t size) {
    if (size == 0) return;
    const auto at = out.size();
    out.resize(at + size);
    std::memcpy(out.data() + at, data, size);
}

template <class T>
void append(Bytes& out, T value) {
    static_assert(std::is_arithmetic_v<T>);
    append_bytes(out, &value, sizeof(T));
}

inline void append_text(Bytes& out, std::string_view text) { append_bytes(out, text.data(), text.size()); }

// A length of 64 bits and the text.
inline void append_string(Bytes& out, std::string_view text) {
    append<std::uint64_t>(out, text.size());
    append_text(out, text);
}

template <class T>
constexpr ValueType value_type_of() {
    if constexpr (std::is_same_v<T, bool>)
        return ValueType::boolean;
    else if constexpr (std::is_same_v<T, std::uint8_t>)
        return ValueType::u8;
    else if constexpr (std::is_same_v<T, std::int8_t>)
        return ValueType::i8;
    else if constexpr (std::is_same_v<T, std::uint16_t>)
        return ValueType::u16;
    else if constexpr (std::is_same_v<T, std::int16_t>)
        return ValueType::i16;
    else if constexpr (std::is_same_v<T, std::uint32_t>)
        return ValueType::u32;
    else if constexpr (std::is_same_v<T, std::int32_t>)
        return ValueType::i32;
    else if constexpr (std::is_same_v<T, std::uint64_t>)
        return ValueType::u64;
    else if constexpr (std::is_same_v<T, std::int64_t>)
        return ValueType::i64;
    else if constexpr (std::is_same_v<T, float>)
        return ValueType::f32;
    else if constexpr (std::is_same_v<T, double>)
        return ValueType::f64;
    else
        return ValueType::string;
}

// A number of the file's header: what a sweep overwrites.
struct GgufField {
    std::string what;  // "metadata count", "general.name: value length", "tensor: dimension 0", ...
    std::size_t offset = 0;
    std::size_t width = 0;  // bytes
};

struct GgufImage {
    Bytes bytes;
    std::vector<GgufField> fields;  // in file order
    std::size_t header_end = 0;     // before the padding
    std::size_t data_begin = 0;
};

class GgufWriter {
  public:
    struct Pair {
        std::string key;
        std::uint32_t type;
        Bytes value;
    };
    struct RawTensor {
        std::string name;
        std::uint32_t type;
        std::vector<std::uint64_t> dimensions;  // innermost first, as in the file
        Bytes data;
        std::optional<std::uint64_t> offset;  // in the data section; none: the next free
    };

    std::uint32_t version = 3;
    std::uint64_t alignment = 32;  // stands in the file only where it is set as general.alignment too
    std::optional<std::uint64_t> tensor_count;  // instead of the true one
    std::optional<std::uint64_t> metadata_count;

    // Scalars and strings: the C++ type decides the value type.
    template <class T>
    GgufWriter& set(std::string key, const T& value) {
        static_assert(std::is_arithmetic_v<T> || std::is_convertible_v<T, std::string>);
        Bytes bytes;
        if constexpr (std::is_same_v<T, bool>)
            append<std::uint8_t>(bytes, value ? 1 : 0);
        else if constexpr (std::is_arithmetic_v<T>)
            append(bytes, value);
        else
            append_string(bytes, std::string(value));
        return raw_set(std::move(key), static_cast<std::uint32_t>(value_type_of<T>()), std::move(bytes));
    }

    // Arrays of any of these.
    template <class T>
    GgufWriter& set(std::string key, const std::vector<T>& values) {
        Bytes bytes;
        append(bytes, static_cast<std::uint32_t>(value_type_of<T>()));
        append<std::uint64_t>(bytes, values.size());
        for (const auto& value : values) {
            if constexpr (std::is_same_v<T, bool>)
                append<std::uint8_t>(bytes, value ? 1 : 0);
            else if constexpr (std::is_arithmetic_v<T>)
                append(bytes, value);
            else
                append_string(bytes, value);
        }
        return raw_set(std::move(key), static_cast<std::uint32_t>(ValueType::array), std::move(bytes));
    }

    GgufWriter& set_alignment(std::uint32_t value) {
        alignment = value;
        return set("general.alignment", value);
    }

    // A value type by its number and the bytes that follow it.
    GgufWriter& raw_set(std::string key, std::uint32_t type, Bytes value) {
        metadata_.push_back({std::move(key), type, std::move(value)});
        return *this;
    }

    // A tensor, its shape outermost dimension first as in format::Tensor.
    GgufWriter& tensor(std::string name, DType type, std::vector<std::uint64_t> shape, Bytes data) {
        return raw_tensor(std::move(name), format::gguf::id_of(type), {shape.rbegin(), shape.rend()},
                          std::move(data));
    }

    template <class T>
    GgufWriter& tensor(std::string name, DType type, std::vector<std::uint64_t> shape,
                       const std::vector<T>& values) {
        const auto bytes = std::as_bytes(std::span(values));
        return tensor(std::move(name), type, std::move(shape), Bytes(bytes.begin(), bytes.end()));
    }

    // Dimensions in the file's order (innermost first), the type by its number, the offset other than the
    // next free.
    GgufWriter& raw_tensor(std::string name, std::uint32_t type, std::vector<std::uint64_t> dimensions,
                           Bytes data, std::optional<std::uint64_t> offset = std::nullopt) {
        tensors_.push_back({std::move(name), type, std::move(dimensions), std::move(data), offset});
        return *this;
    }

    GgufWriter& remove(std::string_view key) {
        std::erase_if(metadata_, [&](const Pair& p) { return p.key == key; });
        return *this;
    }
    GgufWriter& remove_tensor(std::string_view name) {
        std::erase_if(tensors_, [&](const RawTensor& t) { return t.name == name; });
        return *this;
    }

    // What is going to be written, to be changed in place.
    std::vector<Pair>& metadata() { return metadata_; }
    std::vector<RawTensor>& tensors() { return tensors_; }
    const std::vector<Pair>& metadata() const { return metadata_; }
    const std::vector<RawTensor>& tensors() const { return tensors_; }

    GgufImage image() const { return image(true); }
    Bytes bytes() const { return image(false).bytes; }

    void write(const std::string& path) const {
        const Bytes all = bytes();
        std::ofstream out(path, std::ios::binary);
        out.write(reinterpret_cast<const char*>(all.data()), static_cast<std::streamsize>(all.size()));
        if (!out.flush()) throw std::runtime_error("cannot write " + path);
    }

    // Writes `count` parts named prefix-00001-of-0000N.gguf, the metadata in the first, and returns their
    // paths.
    std::vector<std::string> write_parts(const std::string& prefix, std::uint16_t count) const {
        std::vector<std::string> paths;
        for (std::uint16_t i = 0; i < count; ++i) {
            GgufWriter part = part_of(i, count);
            paths.push_back(part_path(prefix, i, count));
            part.write(paths.back());
        }
        return paths;
    }

    // Part `index` of `count`: tensors in runs of equal length, as tools write them.
    GgufWriter part_of(std::uint16_t index, std::uint16_t count) const {
        GgufWriter part;
        part.version = version;
        part.alignment = alignment;
        if (index == 0) part.metadata_ = metadata_;
        part.set("split.no", index).set("split.count", count);
        part.set("split.tensors.count", static_cast<std::int32_t>(tensors_.size()));
        const std::size_t each = (tensors_.size() + count - 1) / count;
        for (std::size_t t = index * each; t < std::min(tensors_.size(), (index + 1) * each); ++t) {
            part.tensors_.push_back(tensors_[t]);
        }
        return part;
    }

    static std::string part_path(const std::string& prefix, std::uint16_t index, std::uint16_t count) {
        char suffix[64];
        std::snprintf(suffix, sizeof(suffix), "-%05d-of-%05d.gguf", index + 1, count);
        return prefix + suffix;
    }

  private:
    GgufImage image(bool with_fields) const {
        Image out;
        out.listed = with_fields;
        append_text(out.bytes, "GGUF");
        number(out, "", "version", version);
        number(out, "", "tensor count", tensor_count.value_or(tensors_.size()));
        number(out, "", "metadata count", metadata_count.value_or(metadata_.size()));
        for (const Pair& p : metadata_) put_pair(out, p);
        std::uint64_t offset = 0;
        for (const RawTensor& t : tensors_) {
            put_description(out, t, t.offset.value_or(offset));
            offset = pad(offset + t.data.size());
        }
        out.header_end = out.bytes.size();
        if (tensors_.empty()) return out;
        out.bytes.resize(pad(out.bytes.size()));
        out.data_begin = out.bytes.size();
        for (const RawTensor& t :
             tensors_) {  // no padding after the last: the file ends with the last tensor
            out.bytes.resize(out.data_begin + pad(out.bytes.size() - out.data_begin));
            append_bytes(out.bytes, t.data.data(), t.data.size());
        }
        return out;
    }

    std::uint64_t pad(std::uint64_t value) const { return (value + alignment - 1) / alignment * alignment; }

    struct Image : GgufImage {
        bool listed = true;  // whether the fields are wanted: their names take longer than the bytes
    };

    static void note(Image& out, const std::string& of, const std::string& what, std::size_t at,
                     std::size_t width) {
        if (out.listed) out.fields.push_back({of + what, at, width});
    }

    template <class T>
    static void number(Image& out, const std::string& of, const char* what, T value) {
        if (out.listed) note(out, of, what, out.bytes.size(), sizeof(T));
        append(out.bytes, value);
    }

    static void string(Image& out, const std::string& of, const char* what, const std::string& text) {
        number<std::uint64_t>(out, of, what, text.size());
        append_text(out.bytes, text);
    }

    static void put_pair(Image& out, const Pair& p) {
        string(out, p.key, ": key length", p.key);
        number(out, p.key, ": type", p.type);
        const auto at = out.bytes.size();
        const auto type = static_cast<ValueType>(p.type);
        if (type == ValueType::string && p.value.size() >= 8) note(out, p.key, ": value length", at, 8);
        if (type == ValueType::array && p.value.size() >= 12) {
            note(out, p.key, ": element type", at, 4);
            note(out, p.key, ": element count", at + 4, 8);
            if (p.value.size() >= 20) note(out, p.key, ": first element", at + 12, 8);
        }
        if (type != ValueType::string && type != ValueType::array) {
            note(out, p.key, ": value", at, p.value.size());
        }
        append_bytes(out.bytes, p.value.data(), p.value.size());
    }

    static void put_description(Image& out, const RawTensor& t, std::uint64_t offset) {
        string(out, t.name, ": name length", t.name);
        number(out, t.name, ": dimension count", static_cast<std::uint32_t>(t.dimensions.size()));
        for (std::size_t d = 0; d < t.dimensions.size(); ++d) {
            if (out.listed) note(out, t.name, ": dimension " + std::to_string(d), out.bytes.size(), 8);
            append(out.bytes, t.dimensions[d]);
        }
        number(out, t.name, ": type", t.type);
        number(out, t.name, ": offset", offset);
    }

    std::vector<Pair> metadata_;
    std::vector<RawTensor> tensors_;
};

}  // namespace lamina::test
