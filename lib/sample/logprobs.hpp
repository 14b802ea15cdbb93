// Log-probabilities of a row of logits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lamina/engine.hpp"
#include "sample/row.hpp"

namespace lamina::sample {

class LogProbabilities {
  public:
    // The log-softmax of `logits` [vocabulary] (natural logarithm): of `chosen`, then of the `count`
    // likeliest tokens, likeliest first, among equals the lowest id first; replaces `out`. Throws
    // numerical_fault where a logit is NaN or +infinity, or all are -infinity.
    void compute(std::span<const float> logits, TokenId chosen, std::uint32_t count,
                 std::vector<TokenLogprob>& out);

  private:
    Row row_;
    std::vector<Key> likeliest_, work_;
};

}  // namespace lamina::sample
