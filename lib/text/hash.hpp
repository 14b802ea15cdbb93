// Hashing of token texts and id pairs. Seeded, because vocabularies come from files that may have been made
// to collide: without the seed a table of a million entries could be filled in quadratic time.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace lamina::text {

// A value that differs from run to run.
std::uint64_t hash_seed();

inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t hash(std::string_view text, std::uint64_t seed) {
    constexpr std::uint64_t odd = 0x9E3779B97F4A7C15u;  // 2^64 / golden ratio
    std::uint64_t state = mix(seed ^ text.size(), odd);
    const char* data = text.data();
    std::size_t left = text.size();
    std::uint64_t word = 0;
    for (; left > 8; left -= 8, data += 8) {
        std::memcpy(&word, data, 8);
        state = mix(state ^ word, odd ^ seed);
    }
    word = 0;
    for (std::size_t i = 0; i < left; ++i)
        word |= std::uint64_t{static_cast<unsigned char>(data[i])} << (8 * i);
    return mix(state ^ word, odd ^ seed);
}

inline std::uint64_t hash(std::uint64_t value, std::uint64_t seed) {
    return mix(value ^ seed, 0x9E3779B97F4A7C15u ^ (seed << 1));
}

}  // namespace lamina::text
