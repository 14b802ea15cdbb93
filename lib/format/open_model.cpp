#include <algorithm>
#include <array>

#include "base/byte_reader.hpp"
#include "base/join.hpp"
#include "format/gguf/gguf.hpp"
#include "format/model_file.hpp"

namespace lamina::format {
namespace {

bool is_text(std::span<const std::byte> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) {
        const auto c = std::to_integer<unsigned>(b);
        return c >= 0x20 || c == '\n' || c == '\r' || c == '\t';
    });
}

std::string hexadecimal(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    return join(bytes, " ", [&](std::byte b) {
        const auto value = std::to_integer<std::size_t>(b);
        return std::string{digits[value >> 4], digits[value & 15]};
    });
}

// What people give instead of a model, by its first bytes, so that the error says what to do.
std::string describe_beginning(std::span<const std::byte> bytes) {
    struct Known {
        std::string_view begins;
        const char* what;
    };
    static constexpr std::array<Known, 10> known = {{
        {"version https://git-lfs", "a Git LFS pointer file: the model itself was not downloaded"},
        {"<!DOCTYPE", "an HTML page"},
        {"<!doctype", "an HTML page"},
        {"<html", "an HTML page"},
        {"PK\x03\x04", "a zip archive (or a PyTorch checkpoint)"},
        {"\x1f\x8b", "a gzip archive"},
        {"ggjt", "a GGML file of before GGUF"},
        {"tjgg", "a GGML file of before GGUF"},
        {"fmgg", "a GGML file of before GGUF"},
        {"lmgg", "a GGML file of before GGUF"},
    }};
    for (const Known& k : known) {
        if (as_text(bytes).starts_with(k.begins)) return k.what;
    }
    if (bytes.size() > 9 && bytes[8] == std::byte{'{'} && !is_text(bytes.first(8)))
        return "a safetensors file";
    const auto head = bytes.first(std::min<std::size_t>(bytes.size(), 32));
    if (is_text(head)) { return "a text file that begins with '" + std::string(as_text(head)) + "'"; }
    return "a file that begins with the bytes " +
           hexadecimal(head.first(std::min<std::size_t>(head.size(), 8)));
}

}  // namespace

ModelFile open_model(const std::string& path, FileAccess access) {
    // Mapped for the look at its beginning: no reading of gigabytes that are no model.
    {
        const auto file = open_file(path, FileAccess::map);
        const auto bytes = file->bytes();
        file->populate(0, std::min<std::uint64_t>(bytes.size(), 64));
        if (!gguf::matches(bytes)) {
            Errors{"gguf", path, 0}.fail(ErrorCode::bad_file, "", "a GGUF model file",
                                         describe_beginning(bytes));
        }
    }
    return gguf::open(path, access);
}

}  // namespace lamina::format
