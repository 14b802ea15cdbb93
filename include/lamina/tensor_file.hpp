/// @file
/// Named dense tensors in a file of the safetensors format: tokens, logits, embeddings, whatever goes to and
/// from other programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/export.h"

namespace lamina {

/// A value type; copies share the tensors' bytes. Reading never trusts the file: every size and range is
/// checked.
class LAMINA_API TensorFile {
  public:
    using Shape = std::vector<std::uint64_t>;  ///< outermost dimension first; empty: a single value

    /// Throws io where the file cannot be read, bad_file where it breaks the format's rules.
    static TensorFile read(const std::string& path);
    /// Throws io where the file cannot be written.
    void write(const std::string& path) const;

    std::vector<std::string> names() const;  ///< in the order of the file or of adding
    bool has(std::string_view name) const;   ///< whether there is a tensor of this name

    /// @name Properties of a tensor
    /// They throw invalid_argument naming the tensor where there is none of this name.
    /// @{
    const Shape& shape(std::string_view name) const;  ///< its dimensions
    const std::string& dtype(
        std::string_view name) const;  ///< as the format spells it: "F32", "I64", "BF16", ...
    /// The values as they lie in the file, of any dtype; valid while a copy of *this lives.
    std::span<const std::byte> bytes(std::string_view name) const;
    /// @}

    /// @name Values, row-major
    /// They throw invalid_argument naming the tensor where there is none of this name, or naming tensor and
    /// dtype where it has another dtype.
    /// @{
    std::vector<float> f32(std::string_view name) const;           ///< values of F32
    std::vector<std::int32_t> i32(std::string_view name) const;    ///< values of I32
    std::vector<std::int64_t> i64(std::string_view name) const;    ///< values of I64
    std::vector<std::uint8_t> u8(std::string_view name) const;     ///< values of U8
    std::vector<std::uint16_t> f16(std::string_view name) const;   ///< bit patterns of IEEE half
    std::vector<std::uint16_t> bf16(std::string_view name) const;  ///< bit patterns of bfloat16
    /// @}

    /// @name Adding tensors
    /// They throw invalid_argument where the name is taken or the shape asks for another number of values.
    /// @{
    void add_f32(std::string name, Shape shape, std::span<const float> values);         ///< a tensor of F32
    void add_i32(std::string name, Shape shape, std::span<const std::int32_t> values);  ///< a tensor of I32
    void add_i64(std::string name, Shape shape, std::span<const std::int64_t> values);  ///< a tensor of I64
    void add_u8(std::string name, Shape shape, std::span<const std::uint8_t> values);   ///< a tensor of U8
    void add_f16(std::string name, Shape shape, std::span<const std::uint16_t> bits);   ///< a tensor of F16
    void add_bf16(std::string name, Shape shape, std::span<const std::uint16_t> bits);  ///< a tensor of BF16
    /// @}

    /// Free text about the file (the format's __metadata__).
    std::map<std::string, std::string> metadata;

  private:
    struct Entry {
        std::string name;
        std::string dtype;
        Shape shape;
        std::shared_ptr<const std::byte> data;
        std::size_t size = 0;  // bytes
    };

    LAMINA_LOCAL const Entry& entry(std::string_view name) const;
    template <class T>
    LAMINA_LOCAL std::vector<T> values(std::string_view name, std::string_view dtype) const;
    template <class T>
    LAMINA_LOCAL void add(std::string name, std::string_view dtype, Shape shape, std::span<const T> values);

    std::string path_;  // for errors; empty where nothing was read
    std::vector<Entry> entries_;
    std::map<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace lamina
