// Models in several files: name-00001-of-00003.gguf and its siblings, each a GGUF file with the keys split.no
// (from 0), split.count and split.tensors.count (in all parts together).
#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/errors.hpp"
#include "format/gguf/gguf.hpp"

namespace lamina::format::gguf {
namespace {

constexpr std::uint64_t max_parts = 65535;  // the keys are u16

// "-00002-of-00003.gguf" for index 1 of 3.
std::string part_suffix(std::uint64_t index, std::uint64_t count) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "-%05llu-of-%05llu.gguf",
                  static_cast<unsigned long long>(index) + 1, static_cast<unsigned long long>(count));
    return text.data();
}

Errors errors_of(const std::string& path) { return {"gguf", path}; }

// What the file says of itself.
struct Part {
    std::uint64_t index = 0;
    std::uint64_t count = 0;
    std::uint64_t tensors = 0;  // in all parts
};

// Nothing for a model in one file.
std::optional<Part> part_of(const ModelFile& model) {
    const auto count = model.integer("split.count", 0, max_parts);
    if (count.value_or(0) <= 1) return std::nullopt;
    Part part;
    part.count = *count;
    part.index = model.need_integer("split.no", 0, *count - 1);
    part.tensors = model.need_integer("split.tensors.count", 0, Limits::tensors);
    return part;
}

// The path without the suffix that names the part; the name must agree with the keys.
std::string common_prefix(const std::string& path, const Part& part) {
    const std::string suffix = part_suffix(part.index, part.count);
    if (!path.ends_with(suffix)) {
        errors_of(path).fail(ErrorCode::bad_file, "split.no",
                             "a file name that ends in " + suffix + ", since the file is part of a set",
                             "another name");
    }
    return path.substr(0, path.size() - suffix.size());
}

ModelFile read_part(const std::string& path, FileAccess access, std::uint64_t index, std::uint64_t count) {
    std::shared_ptr<const FileBytes> bytes;
    try {
        bytes = open_file(path, access);
    } catch (const Error& error) {
        auto details = error.details();
        details.area = "gguf";
        details.subject = "part " + std::to_string(index + 1) + " of " + std::to_string(count);
        throw Error(error.code(), std::move(details));
    }
    return read_file({path, std::move(bytes)});
}

void check_part(const ModelFile& model, const Part& expected) {
    const Errors errors = errors_of(model.path());
    const auto part = part_of(model);
    if (!part)
        errors.fail(ErrorCode::bad_file, "split.count", std::to_string(expected.count),
                    "a model in one file");
    if (part->count != expected.count) {
        errors.fail(ErrorCode::bad_file, "split.count", std::to_string(expected.count),
                    std::to_string(part->count));
    }
    if (part->index != expected.index) {
        errors.fail(ErrorCode::bad_file, "split.no", std::to_string(expected.index),
                    std::to_string(part->index));
    }
    if (part->tensors != expected.tensors) {
        errors.fail(ErrorCode::bad_file, "split.tensors.count", std::to_string(expected.tensors),
                    std::to_string(part->tensors));
    }
}

void append(ModelFile& whole, ModelFile&& part) {
    for (Tensor& tensor : part.tensors) {
        tensor.file = whole.files.size();
        whole.tensors.push_back(std::move(tensor));
    }
    whole.files.push_back(std::move(part.files.front()));
    // The first part carries the metadata; the others only repeat a few keys.
    if (whole.files.size() == 1) whole.metadata = std::move(part.metadata);
}

}  // namespace

ModelFile open(const std::string& path, FileAccess access) {
    ModelFile given = read_file({path, open_file(path, access)});
    const auto part = part_of(given);
    if (!part) return given;
    const std::string prefix = common_prefix(path, *part);

    ModelFile whole;
    for (std::uint64_t i = 0; i < part->count; ++i) {
        ModelFile next = i == part->index
                             ? std::exchange(given, {})
                             : read_part(prefix + part_suffix(i, part->count), access, i, part->count);
        check_part(next, {i, part->count, part->tensors});
        append(whole, std::move(next));
        if (whole.tensors.size() > part->tensors) break;  // no more than the limit, however many parts follow
    }
    if (whole.tensors.size() != part->tensors) {
        errors_of(path).fail(
            ErrorCode::bad_file, "split.tensors.count",
            std::to_string(part->tensors) + " tensors in all parts",
            std::to_string(whole.tensors.size()) + (whole.files.size() < part->count ? " or more" : ""));
    }
    whole.index();
    return whole;
}

}  // namespace lamina::format::gguf
