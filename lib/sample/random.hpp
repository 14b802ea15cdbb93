// The generator that tokens are drawn with: xoshiro256** (Blackman, Vigna: Scrambled linear pseudorandom
// number generators, arXiv:1805.01407), its state filled by splitmix64 (Steele, Lea, Flood: Fast splittable
// pseudorandom number generators, 2014). Integers only: the same draws on every platform.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace lamina::sample {

class Random {
  public:
    explicit Random(std::uint64_t seed) {
        for (auto& word : state_) word = split(seed);
    }

    std::uint64_t next() {
        const std::uint64_t out = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return out;
    }

  private:
    static std::uint64_t split(std::uint64_t& seed) {
        std::uint64_t z = seed += 0x9E3779B97F4A7C15u;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }

    std::array<std::uint64_t, 4> state_;
};

// `draw` (all 64 bits equally likely) as a number below `bound`: off from uniform by at most bound / 2^64.
inline std::uint64_t scale_draw(std::uint64_t draw, std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(draw) * bound) >> 64);
}

// A seed that no other request has.
std::uint64_t fresh_seed();

}  // namespace lamina::sample
