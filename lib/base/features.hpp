// Values that describe what a network computes, shared by its description (model) and the ops of a device
// (backend).
#pragma once

#include <cstdint>
#include <vector>

namespace lamina {

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

enum class Activation : std::uint8_t { silu, gelu, gelu_tanh, relu, relu_squared };

}  // namespace lamina
