// Reads little-endian values from bytes that nobody has checked yet. Every read proves that the bytes are
// there (`n <= end - position`) before it touches them; a failed read throws bad_file with the offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/errors.hpp"

namespace lamina {

inline std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ByteReader {
  public:
    // `area` and `file` go into errors; the bytes must outlive the reader.
    ByteReader(std::span<const std::byte> bytes, std::string area, std::string file)
        : bytes_(bytes), area_(std::move(area)), file_(std::move(file)) {}

    std::uint64_t position() const { return position_; }
    std::uint64_t remaining() const { return bytes_.size() - position_; }
    const std::string& file() const { return file_; }

    // `what` names the field for the error.
    std::span<const std::byte> take(std::uint64_t count, std::string_view what) {
        if (count > remaining()) {
            errors().fail(ErrorCode::bad_file, what, std::to_string(count) + " bytes",
                          std::to_string(remaining()) + " bytes to the end of the file");
        }
        const auto out = bytes_.subspan(position_, count);
        position_ += count;
        return out;
    }

    template <class T>
    requires std::is_arithmetic_v<T> T read(std::string_view what) {
        T value;
        std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
        return value;
    }

    // Errors at the next byte.
    Errors errors() const { return {area_, file_, position_}; }

  private:
    std::span<const std::byte> bytes_;
    std::uint64_t position_ = 0;
    std::string area_;
    std::string file_;
};

}  // namespace lamina
