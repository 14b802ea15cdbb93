// Changes JSON text at the level of its values, so that what comes out is JSON more often than not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace lamina::fuzz {

// `text` with one or a few changes; bytes are changed where it is no JSON (or sometimes anyway).
std::string mutate_json(std::string_view text, std::size_t max_size, unsigned seed);

// Bytes changed by libFuzzer's own mutations, dictionary included.
std::string mutate_bytes(std::string_view text, std::size_t max_size);

}  // namespace lamina::fuzz
