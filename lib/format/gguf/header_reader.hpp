// Reads the header of a GGUF file: bytes that may be cut off, hostile, or vanish meanwhile.
#pragma once

#include <string>
#include <string_view>

#include "base/byte_reader.hpp"
#include "format/gguf/gguf.hpp"

namespace lamina::format::gguf {

class HeaderReader {
  public:
    explicit HeaderReader(const File& file)
        : file_(file), reader_(file.bytes->bytes(), "gguf", file.path), size_(reader_.remaining()) {}

    std::uint64_t position() const { return reader_.position(); }
    std::uint64_t remaining() const { return reader_.remaining(); }

    std::span<const std::byte> take(std::uint64_t count, std::string_view what) {
        const auto out = reader_.take(count, what);
        make_resident(reader_.position());
        return out;
    }

    template <class T>
    T read(std::string_view what) {
        T value;
        std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
        return value;
    }

    // A length of 64 bits and as many bytes.
    std::string string(std::string_view what, std::uint64_t limit);

    // A count of entries that take at least `min_entry` bytes each, checked before anything is reserved for
    // them.
    std::uint64_t count(std::string_view what, std::uint64_t min_entry);
    void check_count(std::uint64_t offset, std::string_view what, std::uint64_t count,
                     std::uint64_t min_entry) const;

    // Counts memory that metadata take; throws beyond Limits::metadata.
    void charge(std::uint64_t count, std::uint64_t bytes_each, std::string_view what);

    // Errors at a byte of the file.
    Errors at(std::uint64_t offset) const { return {"gguf", file_.path, offset}; }

  private:
    // A mapped file that was truncated meanwhile is an error here, and no SIGBUS at the first touch.
    void make_resident(std::uint64_t end) {
        if (end > resident_) populate_ahead(end);
    }
    void populate_ahead(std::uint64_t end);

    const File& file_;
    ByteReader reader_;
    std::uint64_t size_;
    std::uint64_t resident_ = 0;
    std::uint64_t charged_ = 0;
};

}  // namespace lamina::format::gguf
