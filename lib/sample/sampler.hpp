// Logits to a token, by SamplingParams.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "lamina/sampling.hpp"
#include "sample/random.hpp"
#include "sample/row.hpp"
#include "sample/window.hpp"

namespace lamina::sample {

// Throws invalid_argument naming the field, its range and its value.
void validate(const SamplingParams& params, std::uint32_t vocabulary);

// Draws the tokens of one answer. In order: logit bias, penalties, top-k, top-p, min-p, temperature, draw.
// Each filter keeps the likeliest tokens (among equals the lowest ids) by the probabilities at temperature 1
// of what the filters before it left. One number is drawn a token. A step reads the logits once and then,
// where a filter is on, only blocks that matter. It allocates at construction alone, but for the window's
// list of tokens, which grows with its distinct tokens.
class Sampler {
  public:
    Sampler(SamplingParams params, std::uint32_t vocabulary);  // validates

    // The next token. `logits` [vocabulary] are changed while it runs and as before when it returns or
    // throws; `history` is the prompt and the answer so far, the history of the call before plus what came
    // since. Throws numerical_fault where a logit is NaN or +infinity, or all are -infinity.
    TokenId next(std::span<float> logits, std::span<const TokenId> history);

  private:
    class Edits;
    void reserve();
    void edit(Edits& edits, std::span<const TokenId> history);
    float penalised(float logit, std::uint32_t count) const;
    void keep_likely();
    void keep_top_p(Weight total);
    void keep_min_p();
    Weight kept_weight() const;
    TokenId draw_of_kept(std::uint64_t draw);
    TokenId draw_of_all(std::uint64_t draw);

    SamplingParams params_;
    std::uint32_t vocabulary_;
    float scale_ = 1;  // 1 / temperature
    Random random_;
    std::optional<TokenWindow> window_;  // where a penalty is on
    Row row_;
    std::vector<std::pair<TokenId, float>> undo_;  // edited logits as they were
    std::vector<Key> kept_;                        // the tokens to draw from, by ascending id
    std::vector<Key> work_;
    std::vector<Weight> weights_;
};

}  // namespace lamina::sample
