// What every file format is turned into: checked names, types and spans of bytes, and metadata. Immutable, no
// policy.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/dtype.hpp"
#include "base/errors.hpp"
#include "base/file.hpp"

namespace lamina::format {

// A tensor as stored: row-major, `shape` outermost dimension first ([rows, columns] for a matrix; a GGUF file
// lists them the other way round). `bytes` lie inside the file and overlap no other tensor.
struct Tensor {
    std::string name;
    DType type = DType::f32;
    std::vector<std::uint64_t> shape;  // 1 to 4 dimensions, each at least 1
    std::span<const std::byte> bytes;
    std::size_t file = 0;      // index into ModelFile::files
    std::uint64_t offset = 0;  // of `bytes` in that file

    std::uint64_t columns() const { return shape.back(); }
    std::uint64_t elements() const {
        std::uint64_t n = 1;
        for (auto d : shape) n *= d;
        return n;
    }
    std::uint64_t rows() const { return elements() / columns(); }
};

// Metadata values. Integers of any width are widened (unsigned ones to u64, signed ones to i64); arrays hold
// one type, and arrays of booleans are Integers of 0 and 1.
using Integers = std::vector<std::int64_t>;
using Reals = std::vector<double>;
using Strings = std::vector<std::string>;
using Value = std::variant<bool, std::int64_t, std::uint64_t, double, std::string, Integers, Reals, Strings>;

struct File {
    std::string path;
    std::shared_ptr<const FileBytes> bytes;
};

class ModelFile {
  public:
    std::string format;           // "GGUF v3"
    std::vector<File> files;      // at least one; errors name the first unless a tensor is at fault
    std::vector<Tensor> tensors;  // in file order
    std::map<std::string, Value, std::less<>> metadata;

    const std::string& path() const { return files.front().path; }
    const Tensor* find(std::string_view name) const;  // nullptr where there is none
    Errors errors() const;                            // of the model, in this file
    void index();                                     // builds the name index; throws bad_file on a duplicate

    bool has(std::string_view key) const { return metadata.find(key) != metadata.end(); }

    // Typed access to metadata. A missing key gives nullopt; a value of the wrong type or outside
    // [low, high] throws bad_file that names the key, the range and what was found.
    std::optional<std::uint64_t> integer(std::string_view key, std::uint64_t low, std::uint64_t high) const;
    std::optional<double> real(std::string_view key, double low, double high) const;  // must be finite
    std::optional<bool> boolean(std::string_view key) const;
    std::optional<std::string> string(std::string_view key) const;
    const Strings* strings(std::string_view key) const;  // nullptr where missing
    const Integers* integers(std::string_view key) const;
    const Reals* reals(std::string_view key) const;

    // The same for keys that must be there: missing throws bad_file.
    std::uint64_t need_integer(std::string_view key, std::uint64_t low, std::uint64_t high) const;
    double need_real(std::string_view key, double low, double high) const;
    std::string need_string(std::string_view key) const;

  private:
    std::vector<std::size_t> by_name_;  // indices of `tensors`, sorted by name
};

// Called with bytes done and bytes in all; returning false cancels (Error cancelled).
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

// Opens `path` in whatever format it is (by content, not by name) with all its parts.
ModelFile open_model(const std::string& path, FileAccess access);

}  // namespace lamina::format
