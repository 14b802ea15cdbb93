#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <numeric>
#include <set>

#include "base/checked.hpp"
#include "base/errors.hpp"
#include "base/json_text.hpp"
#include "format/extent.hpp"
#include "format/safetensors/safetensors.hpp"

namespace lamina::format::safetensors {
namespace {

Errors errors_of(const std::string& path) { return {"safetensors", path}; }

void check(const std::string& path, std::span<const Tensor> tensors) {
    std::set<std::string_view> names;
    for (const Tensor& t : tensors) {
        const auto refuse = [&](std::string_view expected, std::string_view found) {
            errors_of(path).refuse(t.name, expected, found);
        };
        if (t.name.empty() || t.name == "__metadata__" || t.name.size() > Limits::name) {
            refuse("a name of 1 to 65536 bytes that is not __metadata__", "'" + t.name + "'");
        }
        if (!names.insert(t.name).second) refuse("one tensor of this name", "two or more");
        if (t.shape.size() > Limits::dimensions)
            refuse("at most 8 dimensions", std::to_string(t.shape.size()));
        const auto elements = checked_elements(t.shape);
        const auto bytes = elements ? checked_mul(*elements, size_of(t.type)) : std::nullopt;
        if (!bytes || *bytes != t.bytes.size()) {
            refuse("as many values as the shape " + to_text(t.shape) + " has",
                   std::to_string(t.bytes.size() / size_of(t.type)));
        }
    }
}

// Wide types first, so that every tensor lies at a multiple of its element size.
std::vector<std::size_t> storage_order(std::span<const Tensor> tensors) {
    std::vector<std::size_t> order(tensors.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return size_of(tensors[a].type) > size_of(tensors[b].type);
    });
    return order;
}

std::string header_text(const std::string& path, std::span<const Tensor> tensors,
                        std::span<const std::size_t> order,
                        const std::map<std::string, std::string>& metadata) {
    const auto quote = [&](std::string& out, std::string_view part) {
        if (append_json(out, part)) return;
        errors_of(path).refuse("header", "names and metadata in UTF-8", "other bytes");
    };
    std::string text = "{";
    if (!metadata.empty()) text += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata) {
        quote(text, key);
        text += ':';
        quote(text, value);
        text += ',';
    }
    if (!metadata.empty()) text.back() = '}', text += ',';
    std::uint64_t offset = 0;
    for (const std::size_t i : order) {
        const Tensor& t = tensors[i];
        const std::uint64_t end = offset + t.bytes.size();
        quote(text, t.name);
        text += ":{\"dtype\":\"" + std::string(to_string(t.type)) + "\",\"shape\":" + to_text(t.shape) +
                ",\"data_offsets\":" + to_text(std::array{offset, end}) + "},";
        offset = end;
    }
    if (text.back() == ',') text.pop_back();
    text += '}';
    text.append((8 - text.size() % 8) % 8, ' ');  // so that the data section is aligned
    if (text.size() > Limits::header) {
        errors_of(path).refuse("header", "at most 100000000 bytes", std::to_string(text.size()));
    }
    return text;
}

}  // namespace

void write(const std::string& path, std::span<const Tensor> tensors,
           const std::map<std::string, std::string>& metadata) {
    check(path, tensors);
    const auto order = storage_order(tensors);
    const std::string header = header_text(path, tensors, order, metadata);
    const auto close = [](std::FILE* f) { std::fclose(f); };
    std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "wb"), close);
    if (!file) errors_of(path).fail(ErrorCode::io, "", "", "the file cannot be created");
    const auto put = [&](const void* data, std::size_t size) {
        return size == 0 || std::fwrite(data, 1, size, file.get()) == size;
    };
    const std::uint64_t size = header.size();
    bool written = put(&size, sizeof(size)) && put(header.data(), header.size());
    for (const std::size_t i : order)
        written = written && put(tensors[i].bytes.data(), tensors[i].bytes.size());
    // Closing flushes: a full disk may show only here.
    if (std::fclose(file.release()) != 0 || !written) {
        errors_of(path).fail(ErrorCode::io, "", "", "the file could not be written completely");
    }
}

}  // namespace lamina::format::safetensors
