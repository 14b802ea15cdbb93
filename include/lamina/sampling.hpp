/// @file
/// How the next token is chosen from the logits.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "lamina/tokenizer.hpp"

namespace lamina {

/// How the next token is chosen, applied in the order of the fields. The defaults write varied but sober
/// text; greedy() is for exact repetition. Values out of range are refused with invalid_argument.
struct SamplingParams {
    /// Added to single logits before anything else: a finite number, or -infinity to forbid the token; biases
    /// of the same token add up. Ids 0..vocabulary-1.
    std::vector<std::pair<TokenId, float>> logit_bias = {};
    /// How many of the last tokens, prompt included, the three penalties below count; 0 = none, 0xFFFFFFFF =
    /// all.
    std::uint32_t penalty_window = 64;
    /// Positive logits are divided, negative ones multiplied by it; > 0, 1 = off (CTRL, arXiv:1909.05858).
    float repetition_penalty = 1.0f;
    float presence_penalty = 0.0f;   ///< subtracted once from logits; finite, -2..2 usual, 0 = off
    float frequency_penalty = 0.0f;  ///< subtracted for each occurrence; finite, -2..2 usual, 0 = off
    std::uint32_t top_k = 40;        ///< keep the k likeliest tokens; 0 = all
    /// Keep the likeliest until their probabilities sum to p; 0 < p <= 1, 1 = off (arXiv:1904.09751).
    float top_p = 0.95f;
    /// Keep those at least this many times as likely as the likeliest; 0 <= p < 1, 0 = off
    /// (arXiv:2407.01082).
    float min_p = 0.05f;
    /// Logits of what is left are divided by it and drawn from; >= 0, 0 = always the likeliest.
    float temperature = 0.8f;
    /// Equal seeds and logits give equal tokens; any 64 bits, unset = a fresh one a request.
    std::optional<std::uint64_t> seed = {};

    /// The likeliest token each time.
    static SamplingParams greedy() {
        SamplingParams p;
        p.temperature = 0.0f;
        return p;
    }
};

}  // namespace lamina
