#include "lamina/tensor_file.hpp"

#include <cstring>
#include <utility>

#include "base/border.hpp"
#include "base/checked.hpp"
#include "base/errors.hpp"
#include "format/extent.hpp"
#include "format/safetensors/safetensors.hpp"

namespace lamina {
namespace {

Errors errors_of(const std::string& path) { return {"tensor_file", path}; }

}  // namespace

TensorFile TensorFile::read(const std::string& path) try {
    // Read, not mapped: a TensorFile must not depend on what happens to the file afterwards.
    auto contents = format::safetensors::read(path, open_file(path, FileAccess::read));
    TensorFile out;
    out.path_ = path;
    out.metadata = std::move(contents.metadata);
    for (auto& t : contents.tensors) {
        out.by_name_.emplace(t.name, out.entries_.size());
        out.entries_.push_back({std::move(t.name), std::string(to_string(t.type)), std::move(t.shape),
                                std::shared_ptr<const std::byte>(contents.bytes, t.bytes.data()),
                                t.bytes.size()});
    }
    return out;
} catch (...) { rethrow_typed("tensor_file", path); }

void TensorFile::write(const std::string& path) const try {
    std::vector<format::safetensors::Tensor> tensors;
    for (const Entry& e : entries_) {
        const auto type = format::safetensors::element_type_from_name(e.dtype);
        tensors.push_back({e.name, type.value(), e.shape, {e.data.get(), e.size}, 0});
    }
    format::safetensors::write(path, tensors, metadata);
} catch (...) { rethrow_typed("tensor_file", path); }

std::vector<std::string> TensorFile::names() const try {
    std::vector<std::string> out;
    for (const Entry& e : entries_) out.push_back(e.name);
    return out;
} catch (...) { rethrow_typed("tensor_file"); }

bool TensorFile::has(std::string_view name) const { return by_name_.find(name) != by_name_.end(); }

const TensorFile::Entry& TensorFile::entry(std::string_view name) const try {
    const auto at = by_name_.find(name);
    if (at != by_name_.end()) return entries_[at->second];
    std::string found;
    for (const Entry& e : entries_) {
        if (found.size() < 150) found += (found.empty() ? "only '" : ", '") + e.name + "'";
    }
    errors_of(path_).refuse(name, "a tensor of this name", found.empty() ? "no tensors" : found);
} catch (...) { rethrow_typed("tensor_file"); }

const TensorFile::Shape& TensorFile::shape(std::string_view name) const { return entry(name).shape; }
const std::string& TensorFile::dtype(std::string_view name) const { return entry(name).dtype; }

std::span<const std::byte> TensorFile::bytes(std::string_view name) const {
    const Entry& e = entry(name);
    return {e.data.get(), e.size};
}

template <class T>
std::vector<T> TensorFile::values(std::string_view name, std::string_view dtype) const try {
    const Entry& e = entry(name);
    if (e.dtype != dtype) errors_of(path_).refuse(name, "a tensor of dtype " + std::string(dtype), e.dtype);
    std::vector<T> out(e.size / sizeof(T));
    if (e.size > 0) std::memcpy(out.data(), e.data.get(), e.size);
    return out;
} catch (...) { rethrow_typed("tensor_file"); }

template <class T>
void TensorFile::add(std::string name, std::string_view dtype, Shape shape, std::span<const T> values) try {
    if (name.empty() || name == "__metadata__") errors_of(path_).refuse(name, "a name", "'" + name + "'");
    if (has(name)) errors_of(path_).refuse(name, "a name that is not taken", "a tensor of this name");
    const auto elements = format::checked_elements(shape);
    if (elements != values.size()) {
        errors_of(path_).refuse(name, "as many values as the shape " + format::to_text(shape) + " has",
                                std::to_string(values.size()));
    }
    const auto data = std::make_shared<std::vector<std::byte>>(values.size_bytes());
    if (!data->empty()) std::memcpy(data->data(), values.data(), data->size());
    const auto named = by_name_.emplace(name, entries_.size()).first;
    try {
        entries_.push_back({std::move(name), std::string(dtype), std::move(shape),
                            std::shared_ptr<const std::byte>(data, data->data()), data->size()});
    } catch (...) {
        by_name_.erase(named);
        throw;
    }
} catch (...) { rethrow_typed("tensor_file"); }

std::vector<float> TensorFile::f32(std::string_view name) const { return values<float>(name, "F32"); }
std::vector<std::int32_t> TensorFile::i32(std::string_view name) const {
    return values<std::int32_t>(name, "I32");
}
std::vector<std::int64_t> TensorFile::i64(std::string_view name) const {
    return values<std::int64_t>(name, "I64");
}
std::vector<std::uint8_t> TensorFile::u8(std::string_view name) const {
    return values<std::uint8_t>(name, "U8");
}
std::vector<std::uint16_t> TensorFile::f16(std::string_view name) const {
    return values<std::uint16_t>(name, "F16");
}
std::vector<std::uint16_t> TensorFile::bf16(std::string_view name) const {
    return values<std::uint16_t>(name, "BF16");
}

void TensorFile::add_f32(std::string name, Shape shape, std::span<const float> values) {
    add(std::move(name), "F32", std::move(shape), values);
}
void TensorFile::add_i32(std::string name, Shape shape, std::span<const std::int32_t> values) {
    add(std::move(name), "I32", std::move(shape), values);
}
void TensorFile::add_i64(std::string name, Shape shape, std::span<const std::int64_t> values) {
    add(std::move(name), "I64", std::move(shape), values);
}
void TensorFile::add_u8(std::string name, Shape shape, std::span<const std::uint8_t> values) {
    add(std::move(name), "U8", std::move(shape), values);
}
void TensorFile::add_f16(std::string name, Shape shape, std::span<const std::uint16_t> bits) {
    add(std::move(name), "F16", std::move(shape), bits);
}
void TensorFile::add_bf16(std::string name, Shape shape, std::span<const std::uint16_t> bits) {
    add(std::move(name), "BF16", std::move(shape), bits);
}

}  // namespace lamina
