#include <array>
#include <cmath>

#include "model/architecture.hpp"

namespace lamina::model {
namespace {

// Gemma's 27B models alone scale scores by the embedding per head instead of the head size: files do not say
// so, their number of layers does.
template <std::size_t layers_of_27b>
void scale_by_embedding(const format::ModelFile&, Model& model) {
    if (model.layers.size() != layers_of_27b) return;
    for (auto& layer : model.layers) {
        layer.attention.scale = 1.0f / std::sqrt(static_cast<float>(model.config.hidden_size) /
                                                 static_cast<float>(layer.attention.heads));
    }
}

// The released models' yarn ramp is not cut to whole pairs: their config.json says so ("truncate": false),
// GGUF files cannot.
void keep_ramp_of_gpt_oss(const format::ModelFile&, Model& model) {
    auto& rope = model.config.ropes.front();
    if (rope.scaling == RopeScaling::yarn && rope.factor == 32 && rope.original_context == 4096)
        rope.truncate = false;
}

constexpr std::array table{
    // Llama 1 to 3, Mistral, Mixtral, SmolLM and everything else that is stored as llama.
    Architecture{.name = "llama", .pairing = RopePairing::interleaved, .normalised_experts = true},
    // Gemma 2 (arXiv:2408.00118): windowed and full layers in turn, soft caps.
    Architecture{.name = "gemma2",
                 .activation = Activation::gelu_tanh,
                 .post_norms = true,
                 .scaled_embedding = true,
                 .window_period = 2,
                 .adjust = scale_by_embedding<46>},
    // Gemma 3 (arXiv:2503.19786): five windowed layers to one that attends to everything, two RoPE bases.
    Architecture{.name = "gemma3",
                 .activation = Activation::gelu_tanh,
                 .query_key_norm = QueryKeyNorm::heads,
                 .post_norms = true,
                 .scaled_embedding = true,
                 .window_period = 6,
                 .window_rope_base = 10000.0,
                 .adjust = scale_by_embedding<62>},
    // Qwen 2 and 2.5 (arXiv:2407.10671): biases on q, k and v.
    Architecture{.name = "qwen2"},
    Architecture{.name = "qwen2moe"},
    // Qwen 3 (arXiv:2505.09388).
    Architecture{.name = "qwen3", .query_key_norm = QueryKeyNorm::heads},
    Architecture{.name = "qwen3moe", .query_key_norm = QueryKeyNorm::heads, .normalised_experts = true},
    // Phi-3 and Phi-4-mini (arXiv:2404.14219): fused q, k, v and gate, up.
    Architecture{.name = "phi3"},
    // DeepSeek V2, V3 and R1 (arXiv:2405.04434, arXiv:2412.19437), Kimi K2.
    Architecture{.name = "deepseek2", .pairing = RopePairing::interleaved},
    // gpt-oss (arXiv:2508.10925).
    Architecture{.name = "gpt-oss",
                 .activation = Activation::clamped_swiglu,
                 .feed_forward_norm = "post_attention_norm",
                 .window_period = 2,
                 .scoring = ExpertScoring::softmax_chosen,
                 .adjust = keep_ramp_of_gpt_oss},
    // OLMo 2 (arXiv:2501.00656): norms only behind the branches.
    Architecture{
        .name = "olmo2", .query_key_norm = QueryKeyNorm::all, .pre_norms = false, .post_norms = true},
    // OLMoE (arXiv:2409.02060).
    Architecture{.name = "olmoe", .query_key_norm = QueryKeyNorm::all},
    // Granite 3 (https://huggingface.co/ibm-granite): multipliers on embeddings, branches, scores and logits.
    Architecture{.name = "granite", .pairing = RopePairing::interleaved, .divided_logits = true},
    // Command R (https://huggingface.co/CohereForAI/c4ai-command-r-v01): parallel branches, layer norm.
    // Command R+ norms queries and keys, with weights for each head.
    Architecture{.name = "command-r",
                 .pairing = RopePairing::interleaved,
                 .layer_norm = true,
                 .query_key_norm = QueryKeyNorm::each_optional,
                 .parallel = true},
    // StarCoder 2 (arXiv:2402.19173): layer norm with biases, a feed-forward network without gate.
    Architecture{
        .name = "starcoder2", .activation = Activation::gelu_tanh, .gated = false, .layer_norm = true},
    // StableLM 3B 4E1T and StableLM 2 (arXiv:2402.17834): layer norm with biases, a quarter of a head turns.
    // The 12B model has parallel branches and a norm for each head.
    Architecture{.name = "stablelm",
                 .layer_norm = true,
                 .query_key_norm = QueryKeyNorm::each_optional,
                 .parallel_without_norm = true},
    // InternLM 2 (arXiv:2403.17297).
    Architecture{.name = "internlm2", .pairing = RopePairing::interleaved},
    // SmolLM 3 (https://huggingface.co/blog/smollm3): every fourth layer without positions.
    Architecture{.name = "smollm3", .pairing = RopePairing::interleaved, .no_rope_period = 4},
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
    out.reserve(std::size(table));
    for (const auto& row : table) out.push_back(row.name);
    return out;
}

}  // namespace lamina::model
