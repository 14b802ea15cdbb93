#include <array>
#include <cmath>

#include "model/architecture.hpp"

namespace lamina::model {
namespace {

// The 27B model alone scales scores by its embedding per head instead of the head size (query_pre_attn_scalar
// = 168).
void adjust_gemma3(const format::ModelFile&, Model& model) {
    constexpr std::size_t layers_of_27b = 62;
    if (model.layers.size() != layers_of_27b) return;
    for (auto& layer : model.layers) {
        layer.attention.scale = 1.0f / std::sqrt(static_cast<float>(model.config.embedding) /
                                                 static_cast<float>(layer.attention.heads));
    }
}

constexpr std::array table{
    // Llama 1 to 3, Mistral, SmolLM and everything else that is stored as llama.
    Architecture{.name = "llama", .pairing = RopePairing::interleaved},
    // Gemma 3 (arXiv:2503.19786): five windowed layers to one that attends to everything, two RoPE bases.
    Architecture{.name = "gemma3",
                 .activation = Activation::gelu_tanh,
                 .query_key_norm = true,
                 .post_norms = true,
                 .scaled_embedding = true,
                 .window_period = 6,
                 .window_rope_base = 10000.0,
                 .adjust = adjust_gemma3},
};

}  // namespace

const Architecture* find_architecture(std::string_view name) {
    for (const auto& row : table) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

std::vector<std::string_view> architectures() {
    std::vector<std::string_view> out;
    for (const auto& row : table) out.push_back(row.name);
    return out;
}

}  // namespace lamina::model
