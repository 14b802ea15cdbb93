// Rotary embedding: the scalings of a file's metadata turned into one table of frequencies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/features.hpp"
#include "format/model_file.hpp"

namespace lamina::model {

enum class RopeScaling {
    none,
    linear,    // positions divided by a factor
    dynamic,   // the base grows with the context ("dynamic NTK", arXiv:2309.00071 section 3.3)
    yarn,      // arXiv:2309.00071: high frequencies kept, low ones divided, a ramp between
    longrope,  // arXiv:2402.13753: each frequency divided by its own factor, one set of them for long
               // contexts
};

struct RopeParameters {
    RopePairing pairing = RopePairing::halves;
    std::uint32_t dims = 0;  // of a head that turn; even
    double base = 10000;
    RopeScaling scaling = RopeScaling::none;
    double factor = 1;            // how much longer contexts get
    double attention_factor = 1;  // multiplies yarn's own magnitude
    double original_context = 0;  // tokens, before it was extended (dynamic, yarn, longrope)
    double beta_fast = 32, beta_slow = 1;
    bool truncate = true;  // yarn's ramp begins and ends at whole pairs
    // DeepSeek's yarn: scores are multiplied by (1 + this * ln(factor))^2 instead of magnifying q and k; 0 =
    // not.
    double log_multiplier = 0;
    std::vector<float> frequency_factors;  // [dims / 2] or empty: each frequency is divided by its own
                                           // (llama3's scaling is stored so, longrope's short factors too)
    std::vector<float> long_factors;       // longrope's for contexts beyond original_context

    // Of the scores of attention, besides AttentionConfig::scale.
    double score_scale() const;
};

// `context`: the tokens that a sequence can hold. Scalings that depend on a length take this one, so that
// keys that lie in the cache stay right.
RopeTable make_rope(const RopeParameters& parameters, std::uint32_t context);

// The parameters of `file` for heads of `key_dim`: keys <architecture>.rope.*, tensors rope_freqs.weight,
// rope_factors_short.weight and rope_factors_long.weight.
RopeParameters read_rope(const format::ModelFile& file, const std::string& architecture,
                         std::uint32_t key_dim);

}  // namespace lamina::model
