// A row of logits [vocabulary], walked in blocks of 64: one pass finds each block's maximum, and later passes
// look only into the blocks that can matter.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "lamina/tokenizer.hpp"

namespace lamina::sample {

inline constexpr std::size_t block_tokens = 64;
inline constexpr float no_logit = -std::numeric_limits<float>::infinity();

// A token and its logit as one number that grows with the logit and, among equal logits, with a smaller id.
using Key = std::uint64_t;

inline Key make_key(float logit, std::size_t token) {
    const auto bits = std::bit_cast<std::uint32_t>(logit + 0.0f);  // -0 and +0 are equal
    const std::uint32_t ordered = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
    return (Key{ordered} << 32) | static_cast<std::uint32_t>(~static_cast<std::uint32_t>(token));
}

inline TokenId key_token(Key key) { return static_cast<TokenId>(~static_cast<std::uint32_t>(key)); }

inline float key_logit(Key key) {
    const auto ordered = static_cast<std::uint32_t>(key >> 32);
    return std::bit_cast<float>((ordered >> 31) != 0 ? ordered & 0x7FFFFFFFu : ~ordered);
}

// exp(x) for x <= 0: a Taylor polynomial of degree 7 around the nearest multiple of ln 2, within 2e-7
// relative down to x = -87; 0 below -88. Plain float operations in a fixed order: the same bits on every
// platform, one by one or four at once.
float exp_not_positive(float x);

// Weights 0..1 in units of 2^-40: their sums are exact, whatever the order.
using Weight = std::uint64_t;

// exp((logit - maximum) * scale) as a weight.
Weight weigh(float logit, float maximum, float scale);

class Row {
  public:
    // Reads the logits, which must stay as they are while the row is used. False where one is NaN or
    // +infinity.
    bool scan(std::span<const float> logits);

    std::span<const float> logits() const { return logits_; }
    float maximum() const { return maximum_; }  // no_logit where nothing is allowed
    TokenId likeliest() const;                  // the smallest id that has the maximum

    // Keys of all logits >= threshold (and above no_logit), by ascending id; replaces `out`.
    void gather(float threshold, std::vector<Key>& out) const;
    // Keys of the `count` largest logits, by ascending id; replaces `out`. `work` is overwritten.
    void gather_largest(std::size_t count, std::vector<Key>& out, std::vector<Key>& work);

    // The sum of all weights at this scale, and that of each block.
    Weight sum(float scale, std::vector<Weight>& block_sums) const;

    // Logits by how far they lie below the maximum, in depths of 1/16: the sum of the weights (at scale 1) of
    // each depth.
    static constexpr std::size_t depths = 88 * 16 + 1;  // weights of the last are 0
    Weight sum(std::vector<Weight>& depth_sums) const;
    // Keys of the logits of one depth, by ascending id; replaces `out`.
    void gather_depth(std::size_t depth, std::vector<Key>& out) const;

    // The sum of exp(logit - maximum).
    double exponential_sum() const;

    std::span<const float> block(std::size_t index) const {
        const std::size_t first = index * block_tokens;
        return logits_.subspan(first, std::min(block_tokens, logits_.size() - first));
    }

    void reserve(std::size_t vocabulary);  // scan and gather_largest then allocate nothing

  private:
    std::size_t depth_of(float logit) const;

    std::span<const float> logits_;
    std::vector<float> maxima_;  // of each block
    float maximum_ = no_logit;
    std::vector<float> selected_maxima_;
};

}  // namespace lamina::sample
