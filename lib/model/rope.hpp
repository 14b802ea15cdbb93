// Rotary embedding: the scalings of a file's metadata turned into one table of frequencies.
#pragma once

#include "base/features.hpp"
#include "format/model_file.hpp"
#include "model/architecture.hpp"

namespace lamina::model {

enum class RopeScaling {
    none,
    linear,  // positions divided by a factor
    yarn,    // arXiv:2309.00071: high frequencies kept, low ones divided, a ramp between
};

struct RopeParameters {
    std::uint32_t dims = 0;  // of a head that turn; even
    double base = 10000;
    RopeScaling scaling = RopeScaling::none;
    double factor = 1;            // how much longer contexts get
    double attention_factor = 1;  // multiplies yarn's own magnitude
    double original_context = 0;  // tokens, before yarn
    double beta_fast = 32, beta_slow = 1;
    std::vector<float> frequency_factors;  // [dims / 2] or empty: each frequency is divided by its own
                                           // (llama3's scaling is stored so)
};

RopeTable make_rope(const RopeParameters& parameters, RopePairing pairing);

// The parameters of `file` for heads of `key_dim`: keys <architecture>.rope.*, tensor rope_freqs.weight.
RopeParameters read_rope(const format::ModelFile& file, const std::string& architecture,
                         std::uint32_t key_dim);

}  // namespace lamina::model
