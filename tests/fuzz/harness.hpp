// What the harnesses share. Input is answered by a result or by a lamina::Error: any other exception leaves
// the harness and is a finding, as is a property that does not hold.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>

#include "base/file.hpp"
#include "lamina/error.hpp"

namespace lamina::fuzz {

inline void require(bool holds, const char* property) {
    if (holds) return;
    std::fprintf(stderr, "property does not hold: %s\n", property);
    std::abort();
}

inline std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::span<const std::byte> as_bytes(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

// An error is one short line, whatever the input held.
inline void check_error(const Error& error) {
    const std::string_view text = error.what();
    require(!text.empty() && text.size() < 8192, "an error has a short text");
    require(to_string(error.code()) != "unknown", "an error has a code");
    for (const char c : text)
        require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "an error is one line");
}

// Runs `body`; false where it was answered with an error.
template <class Body>
bool accepted(const Body& body) {
    try {
        body();
        return true;
    } catch (const Error& error) {
        check_error(error);
        return false;
    }
}

// The input as a file: not copied, so that reading beyond it is reading beyond libFuzzer's allocation.
class InputFile final : public FileBytes {
  public:
    explicit InputFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
    std::span<const std::byte> bytes() const override { return bytes_; }
    void populate(std::uint64_t offset, std::uint64_t size) const override { check(offset, size); }
    void release(std::uint64_t offset, std::uint64_t size) const override { check(offset, size); }

  private:
    void check(std::uint64_t offset, std::uint64_t size) const {
        require(offset <= bytes_.size() && size <= bytes_.size() - offset, "ranges lie in the file");
    }
    std::span<const std::byte> bytes_;
};

inline std::shared_ptr<const FileBytes> input_file(const std::uint8_t* data, std::size_t size) {
    return std::make_shared<InputFile>(as_bytes(data, size));
}

// Takes small fields off the front of the input; zeros and empty texts where it has ended.
class Fields {
  public:
    Fields(const std::uint8_t* data, std::size_t size) : rest_(as_text(as_bytes(data, size))) {}

    std::uint8_t byte() {
        const auto text = this->text(1);
        return text.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(text[0]);
    }
    std::size_t below(std::size_t limit) { return byte() % limit; }
    std::string_view text(std::size_t size) {
        const auto out = rest_.substr(0, size);
        rest_.remove_prefix(out.size());
        return out;
    }
    std::string_view rest() { return text(rest_.size()); }

  private:
    std::string_view rest_;
};

}  // namespace lamina::fuzz
