// A network as values: what each layer computes (features, not names) and which tensor plays which role in
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/features.hpp"
#include "format/model_file.hpp"
#include "model/rope.hpp"

namespace lamina::model {

// `matrices` matrices of [rows, columns], one behind the other from `first_element` of a stored tensor on, or
// a vector (rows = 1). Fused matrices are slices; the experts of a layer are the matrices of one tensor.
struct WeightRef {
    const format::Tensor* tensor = nullptr;
    std::size_t index = 0;           // of the tensor in ModelFile::tensors
    std::uint32_t layer = no_layer;  // no_layer: of none
    std::string role = {};  // "attn_q", "ffn_down", "token_embd": GGUF's name, whatever the file's is
    std::uint64_t first_element = 0;
    std::uint64_t matrices = 1;
    std::uint64_t rows = 0;
    std::uint64_t columns = 0;
    explicit operator bool() const { return tensor != nullptr; }
};

// Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434) in its absorbed form: the cache holds one
// latent and one rotated key a token, keys are [latent, rotated] and values the latent itself.
struct LatentConfig {
    std::uint32_t q_lora_rank = 0;             // of the compressed queries; 0 = not compressed
    std::uint32_t kv_lora_rank = 0;            // of the latent of keys and values together
    std::uint32_t nope_dim = 0, rope_dim = 0;  // of a query head: without and with positions
    std::uint32_t value_dim = 0;               // of a head, after expansion
};

struct AttentionConfig {
    std::uint32_t heads = 0, kv_heads = 0;
    std::uint32_t key_dim = 0, value_dim = 0;  // of one head, as the cache holds them
    std::uint32_t window = 0;                  // tokens reached back, itself included; 0 = all
    float scale = 0;                           // of q.k
    float softcap = 0;                         // 0 = none
    std::optional<std::uint32_t> rope = {};    // into Config::ropes; none: no positions
    std::optional<LatentConfig> latent = {};
};

struct ExpertsConfig {
    ExpertRouting routing;
    std::uint32_t width = 0;         // of one expert
    std::uint32_t shared_width = 0;  // of the network that every token passes besides; 0 = none
};

struct FeedForwardConfig {
    std::uint32_t width = 0;  // of the dense network; unused where there are experts
    Activation activation = Activation::silu;
    bool gated = true;
    std::optional<ExpertsConfig> experts = {};
};

// Weight and bias of a norm; empty: nothing is normed.
struct NormRef {
    WeightRef weight, bias;
    explicit operator bool() const { return static_cast<bool>(weight); }
};

struct LinearRef {
    WeightRef weight, bias;
    explicit operator bool() const { return static_cast<bool>(weight); }
};

struct AttentionWeights {
    LinearRef query, key, value,
        output;                    // [heads * dim, hidden_size]; output [hidden_size, heads * value_dim]
    NormRef query_norm, key_norm;  // before RoPE: [key_dim] each head alike, [heads * key_dim] each its own
                                   // (norm_heads) or all as one vector
    bool norm_heads = true;        // the norms run over each head, not over all
    WeightRef sinks;               // [heads]: an extra score of each head
    // Latent attention alone: query_down [q_lora_rank, hidden_size] before query_down_norm and query;
    // latent_down [kv_lora_rank, hidden_size], key_rope [rope_dim, hidden_size]; by head query_absorb
    // [kv_lora_rank, nope_dim] and value_expand [value_dim, kv_lora_rank]. `key` and `value` are empty.
    WeightRef query_down, latent_down, key_rope, query_absorb, value_expand;
    NormRef query_down_norm, latent_norm;
};

struct FeedForwardWeights {
    LinearRef gate, up,
        down;          // [width, hidden_size]; down [hidden_size, width]; with experts: as many matrices
    LinearRef router;  // [experts, hidden_size]
    WeightRef selection_bias;  // [experts], added to the scores that experts are chosen by
    LinearRef shared_gate, shared_up, shared_down;
    WeightRef shared_router;  // [1, hidden_size]: the shared network's output times the sigmoid of it
};

struct Layer {
    AttentionConfig attention;
    FeedForwardConfig feed_forward;
    AttentionWeights attention_weights;
    FeedForwardWeights feed_forward_weights;
    // Both branches: normed before, computed, normed after, added. Empty norms are left out.
    NormRef attention_norm, attention_post_norm, feed_forward_norm, feed_forward_post_norm;
    bool parallel = false;  // the feed-forward network reads what attention reads, not what it adds
};

struct Config {
    std::string architecture;
    std::uint32_t hidden_size = 0, vocabulary = 0;
    std::uint32_t trained_context = 0;  // tokens
    float norm_epsilon = 0;
    bool centered_norms = false;  // layer norm instead of root mean square
    float embedding_scale = 1;    // token embeddings are multiplied by it
    float residual_scale = 1;     // both branches are multiplied by it before they are added
    float logit_scale = 1;
    float logit_softcap = 0;  // 0 = none
    std::vector<RopeParameters> ropes;
};

// Points into the ModelFile it was made from, which must outlive it.
struct Model {
    Config config;
    std::vector<Layer> layers;
    WeightRef token_embedding;  // [vocabulary, hidden_size]
    NormRef output_norm;
    WeightRef output;  // [vocabulary, hidden_size]; the embedding where they are tied
    bool tied() const { return output.tensor == token_embedding.tensor; }
};

// Reads the configuration and finds every weight. Throws bad_file (a key or tensor is missing, of the wrong
// type, shape or range) or unsupported (architecture, feature), naming what was expected.
Model read_model(const format::ModelFile& file);

// Names that general.architecture may have.
std::vector<std::string_view> architectures();

}  // namespace lamina::model
