// Values that describe what a network computes, shared by its description (model) and the ops of a device
// (backend).
#pragma once

#include <cstdint>
#include <vector>

namespace lamina {

// The layer of a weight that belongs to none: the embedding table, the output.
inline constexpr std::uint32_t no_layer = ~std::uint32_t{0};

enum class RopePairing : std::uint8_t {
    interleaved,  // (x[2i], x[2i+1]) turn together: GGUF llama files, whose q/k rows are permuted for it
    halves,       // (x[i], x[i + dims/2]) turn together: NeoX style, everything else
};
// Rotary embedding as its table of frequencies: linear, llama3, yarn and other scalings differ only in these
// numbers. Pair i at position p turns by p * inverse_frequencies[i]; the result is multiplied by `magnitude`.
struct RopeTable {
    RopePairing pairing = RopePairing::halves;
    std::vector<float> inverse_frequencies =
        {};  // [dims / 2]; dims <= head_dim, the rest of a head passes unchanged
    float magnitude = 1.0f;
    std::uint32_t dims() const { return static_cast<std::uint32_t>(inverse_frequencies.size()) * 2; }
};

enum class Activation : std::uint8_t {
    silu,
    gelu,
    gelu_tanh,
    relu,
    relu_squared,
    // Only gated, with g = min(gate, 7) and u = clamp(up, -7, 7): g * sigmoid(1.702 g) * (u + 1)
    // (https://github.com/openai/gpt-oss)
    clamped_swiglu,
};

// How a mixture of experts chooses: scores from the router's logits, the highest `used` of them, their
// weights.
enum class ExpertScoring : std::uint8_t {
    softmax,         // over all experts; the weights are the scores
    sigmoid,         // of each logit; the weights are the scores
    softmax_chosen,  // the logits themselves; the weights are the softmax over the chosen ones
};
struct ExpertRouting {
    std::uint32_t experts = 0, used = 0;
    ExpertScoring scoring = ExpertScoring::softmax;
    // Experts lie in `groups` equal runs; only those of the `groups_used` best groups can be chosen. A group
    // is as good as its best score, or the sum of its two best where there is a selection bias (DeepSeek-V2
    // and -V3, arXiv:2405.04434, arXiv:2412.19437).
    std::uint32_t groups = 1, groups_used = 1;
    bool normalise = false;  // the weights of a row are divided by their sum
    float scale = 1.0f;      // then multiplied by this
    bool operator==(const ExpertRouting&) const = default;
};
// What a sum of weights is divided by at least.
inline constexpr float smallest_expert_sum = 6.103515625e-5f;

}  // namespace lamina
