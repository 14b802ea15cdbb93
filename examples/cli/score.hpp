// How far one model's predictions are from another's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "lamina/session.hpp"

namespace lamina::cli {

// What a reference predicts along one run of tokens. T tokens, K = `top` likeliest stored.
struct Window {
    std::vector<TokenId> tokens;      // [T]
    std::vector<float> nll;           // [T - 1], of token t + 1 at position t: -log p, natural
    std::size_t top = 0;              // K
    std::vector<TokenId> top_ids;     // [T, K], likeliest first
    std::vector<float> top_logprobs;  // [T, K], natural
    // Whole rows of logits, where they are stored.
    std::vector<std::int32_t> full_positions;  // [F]
    std::vector<float> full_logits;            // [F, vocabulary]
};

// Sums over positions; the accessors give what is reported.
struct Comparison {
    std::uint64_t positions = 0;  // with a stored distribution
    std::uint64_t scored = 0;     // with a next token
    std::uint64_t agreed = 0;     // likeliest token the same
    double reference_nll = 0, nll = 0, kl = 0;
    double max_kl = 0;
    std::uint64_t max_kl_position = 0;  // counted over all windows
    std::optional<double> max_logit_error;

    double reference_perplexity() const;
    double perplexity() const;
    double mean_kl() const;
    double agreement() const;  // 0..1
};

// log p of every token that `logits` [vocabulary] predict: logits[i] - log_sum_exp(logits).
double log_sum_exp(std::span<const float> logits);

// Called for every token; what it throws ends the work.
using OnToken = std::function<void()>;

// What `session` predicts along the tokens, with the `top` likeliest (fewer where the vocabulary is smaller).
Window predict(Session& session, std::span<const TokenId> tokens, std::size_t top, const OnToken& on_token);

// Adds the session's predictions along the window's tokens to `sums`. The divergence is KL(reference ||
// model) over the stored tokens plus one bucket for the rest.
void compare(Session& session, const Window& window, Comparison& sums, const OnToken& on_token);

}  // namespace lamina::cli
