// How the next token is chosen from the logits.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "lamina/tokenizer.hpp"

namespace lamina {

// Applied in the order of the fields. The defaults write varied but sober text; greedy() is for exact
// repetition.
struct SamplingParams {
    // Added to single logits before anything else; -infinity forbids a token. Ids outside the vocabulary are
    // refused.
    std::vector<std::pair<TokenId, float>> logit_bias = {};
    // Tokens among the last `penalty_window` (prompt included; 0 = none, 0xFFFFFFFF = all) are made less
    // likely:
    std::uint32_t penalty_window = 64;
    float repetition_penalty =
        1.0f;  // positive logits divided, negative multiplied by it; > 0, 1 = off (CTRL, arXiv:1909.05858)
    float presence_penalty = 0.0f;   // subtracted once; -2..2 usual, 0 = off
    float frequency_penalty = 0.0f;  // subtracted for each occurrence; -2..2 usual, 0 = off
    std::uint32_t top_k = 40;        // keep the k likeliest; 0 = all
    float top_p = 0.95f;  // keep the likeliest until their probabilities sum to p; 0 < p <= 1, 1 = off
                          // (arXiv:1904.09751)
    float min_p = 0.05f;  // keep those at least min_p times as likely as the likeliest; 0 <= p < 1, 0 = off
                          // (arXiv:2407.01082)
    float temperature = 0.8f;  // what is left is divided by it and drawn from; >= 0, 0 = always the likeliest
    std::optional<std::uint64_t> seed =
        {};  // equal seeds and logits give equal tokens; unset: a fresh one a request

    static SamplingParams greedy() {
        SamplingParams p;
        p.temperature = 0.0f;
        return p;
    }
};

}  // namespace lamina
