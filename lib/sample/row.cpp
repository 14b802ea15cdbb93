#include "sample/row.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

namespace lamina::sample {
namespace {

// Four at once, by the vector types that g++ and clang++ share: the operations are those of one, in the same
// order.
using Float4 [[gnu::vector_size(16)]] = float;
using Int4 [[gnu::vector_size(16)]] = std::int32_t;

Float4 load(const float* from) {
    Float4 out;
    std::memcpy(&out, from, sizeof out);
    return out;
}

Float4 broadcast(float x) { return Float4{x, x, x, x}; }

Float4 larger(Float4 a, Float4 b) { return a > b ? a : b; }

Float4 exp4(Float4 x) {
    x = larger(x, broadcast(-88.0f));
    const Float4 round = broadcast(12582912.0f);  // 1.5 * 2^23: adding it leaves no fraction bits
    const Float4 n = (x * 1.44269504f + round) - round;
    const Float4 r = (x - n * 0.693145751953125f) - n * 1.428606765330187e-06f;  // ln 2 in two parts
    Float4 p = broadcast(1.0f / 5040);
    for (const float c : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) p = p * r + c;
    const Int4 exponent = (__builtin_convertvector(n, Int4) + 127) << 23;
    Float4 power;
    std::memcpy(&power, &exponent, sizeof power);
    return p * power;
}

// Adding 2^12 as a double leaves the weight in the low bits.
constexpr double weight_offset = 4096.0;
constexpr std::uint64_t weight_offset_bits = std::bit_cast<std::uint64_t>(weight_offset);

Weight to_weight(float value) {
    return std::bit_cast<std::uint64_t>(weight_offset + double{value}) - weight_offset_bits;
}

// exp((x[i] - maximum) * scale) of a block padded with no_logit.
void block_exponentials(const float* x, float maximum, float scale, float* out) {
    for (std::size_t i = 0; i < block_tokens; i += 4) {
        const Float4 e = exp4((load(x + i) - maximum) * scale);
        std::memcpy(out + i, &e, sizeof e);
    }
}

Weight sum_weights(const float* exponentials) {
    std::uint64_t sum[4] = {};  // of the bits; the offset's are taken off at the end, modulo 2^64
    for (std::size_t i = 0; i < block_tokens; i += 4) {
        for (std::size_t j = 0; j < 4; ++j)
            sum[j] += std::bit_cast<std::uint64_t>(weight_offset + double{exponentials[i + j]});
    }
    return sum[0] + sum[1] + sum[2] + sum[3] - block_tokens * weight_offset_bits;
}

// A block's 64 logits: where they lie or, of the last block, copied and padded.
const float* whole_block(std::span<const float> block, float* padded) {
    if (block.size() == block_tokens) return block.data();
    std::fill(padded, padded + block_tokens, no_logit);
    std::copy(block.begin(), block.end(), padded);
    return padded;
}

// The maximum; clears lanes of `good` where a value is NaN or +infinity.
float block_maximum(const float* x, Int4& good) {
    constexpr std::size_t chains = 4;
    const Float4 infinity = broadcast(std::numeric_limits<float>::infinity());
    Float4 best[chains];
    for (auto& b : best) b = broadcast(no_logit);
    for (std::size_t i = 0; i < block_tokens; i += 4 * chains) {
        for (std::size_t j = 0; j < chains; ++j) {
            const Float4 value = load(x + i + 4 * j);
            best[j] = larger(value, best[j]);
            good &= value < infinity;
        }
    }
    const Float4 all = larger(larger(best[0], best[1]), larger(best[2], best[3]));
    return std::max(std::max(all[0], all[1]), std::max(all[2], all[3]));
}

}  // namespace

float exp_not_positive(float x) { return exp4(broadcast(x))[0]; }

Weight weigh(float logit, float maximum, float scale) {
    return to_weight(exp_not_positive((logit - maximum) * scale));
}

void Row::reserve(std::size_t vocabulary) {
    maxima_.reserve((vocabulary + block_tokens - 1) / block_tokens);
    selected_maxima_.reserve(maxima_.capacity());
}

bool Row::scan(std::span<const float> logits) {
    logits_ = logits;
    maxima_.resize((logits.size() + block_tokens - 1) / block_tokens);
    maximum_ = no_logit;
    Int4 good = {-1, -1, -1, -1};
    for (std::size_t b = 0; b < maxima_.size(); ++b) {
        float padded[block_tokens];
        maxima_[b] = block_maximum(whole_block(block(b), padded), good);
        maximum_ = std::max(maximum_, maxima_[b]);
    }
    return (good[0] & good[1] & good[2] & good[3]) != 0;
}

TokenId Row::likeliest() const {
    const auto b =
        static_cast<std::size_t>(std::find(maxima_.begin(), maxima_.end(), maximum_) - maxima_.begin());
    const auto values = block(b);
    const auto at = std::find(values.begin(), values.end(), maximum_) - values.begin();
    return static_cast<TokenId>(b * block_tokens + static_cast<std::size_t>(at));
}

void Row::gather(float threshold, std::vector<Key>& out) const {
    out.clear();
    for (std::size_t b = 0; b < maxima_.size(); ++b) {
        if (!(maxima_[b] >= threshold) || maxima_[b] == no_logit) continue;
        const auto values = block(b);
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (values[i] >= threshold && values[i] > no_logit)
                out.push_back(make_key(values[i], b * block_tokens + i));
        }
    }
}

void Row::gather_largest(std::size_t count, std::vector<Key>& out, std::vector<Key>& work) {
    out.clear();
    if (count == 0) return;
    // At least `count` logits reach the count-th largest of the blocks' maxima.
    float threshold = no_logit;
    if (count < maxima_.size()) {
        selected_maxima_.assign(maxima_.begin(), maxima_.end());
        const auto nth = selected_maxima_.begin() + static_cast<std::ptrdiff_t>(count - 1);
        std::nth_element(selected_maxima_.begin(), nth, selected_maxima_.end(), std::greater<>());
        threshold = *nth;
    }
    gather(threshold, out);
    if (out.size() <= count) return;
    work.assign(out.begin(), out.end());
    const auto nth = work.begin() + static_cast<std::ptrdiff_t>(count - 1);
    std::nth_element(work.begin(), nth, work.end(), std::greater<>());
    const Key smallest = *nth;
    std::erase_if(out, [&](Key key) { return key < smallest; });
}

Weight Row::sum(float scale, std::vector<Weight>& block_sums) const {
    block_sums.resize(maxima_.size());
    Weight total = 0;
    for (std::size_t b = 0; b < maxima_.size(); ++b) {
        float padded[block_tokens], exponentials[block_tokens];
        block_exponentials(whole_block(block(b), padded), maximum_, scale, exponentials);
        block_sums[b] = sum_weights(exponentials);
        total += block_sums[b];
    }
    return total;
}

std::size_t Row::depth_of(float logit) const {
    return static_cast<std::size_t>(std::min((maximum_ - logit) * 16.0f, static_cast<float>(depths - 1)));
}

Weight Row::sum(std::vector<Weight>& depth_sums) const {
    depth_sums.assign(depths, 0);
    Weight total = 0;
    for (std::size_t b = 0; b < maxima_.size(); ++b) {
        float padded[block_tokens], exponentials[block_tokens];
        const float* x = whole_block(block(b), padded);
        block_exponentials(x, maximum_, 1, exponentials);
        for (std::size_t i = 0; i < block_tokens; ++i) {
            const Weight weight = to_weight(exponentials[i]);
            depth_sums[depth_of(x[i])] += weight;
            total += weight;
        }
    }
    return total;
}

void Row::gather_depth(std::size_t depth, std::vector<Key>& out) const {
    out.clear();
    for (std::size_t b = 0; b < maxima_.size(); ++b) {
        if (depth_of(maxima_[b]) > depth) continue;
        const auto values = block(b);
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (depth_of(values[i]) == depth) out.push_back(make_key(values[i], b * block_tokens + i));
        }
    }
}

double Row::exponential_sum() const {
    double total = 0;
    for (std::size_t b = 0; b < maxima_.size(); ++b) {
        float padded[block_tokens], exponentials[block_tokens];
        block_exponentials(whole_block(block(b), padded), maximum_, 1, exponentials);
        double sum[4] = {};
        for (std::size_t i = 0; i < block_tokens; i += 4) {
            for (std::size_t j = 0; j < 4; ++j) sum[j] += double{exponentials[i + j]};
        }
        total += (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
    return total;
}

}  // namespace lamina::sample
