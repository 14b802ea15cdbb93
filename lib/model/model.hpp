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

namespace lamina::model {

// Rows [first_row, first_row + rows) of a stored matrix, or a whole vector (rows = 1). Fused matrices are
// slices.
struct WeightRef {
    const format::Tensor* tensor = nullptr;
    std::uint64_t first_row = 0;
    std::uint64_t rows = 0;
    std::uint64_t columns = 0;
    explicit operator bool() const { return tensor != nullptr; }
};

struct AttentionConfig {
    std::uint32_t heads = 0, kv_heads = 0;
    std::uint32_t key_dim = 0, value_dim = 0;  // of one head
    std::uint32_t window = 0;                  // tokens reached back, itself included; 0 = all
    float scale = 0;                           // of q.k
    float softcap = 0;                         // 0 = none
    std::optional<std::uint32_t> rope = {};    // into Config::ropes; none: no positions
};

struct FeedForwardConfig {
    std::uint32_t width = 0;
    Activation activation = Activation::silu;
    bool gated = true;
};

struct LayerWeights {
    WeightRef attention_norm;             // [embedding]
    WeightRef query, key, value, output;  // [heads * dim, embedding]; output [embedding, heads * value_dim]
    WeightRef query_bias, key_bias, value_bias, output_bias;
    WeightRef query_norm, key_norm;  // [key_dim], over each head before RoPE
    WeightRef attention_post_norm;   // [embedding], on the branch before it is added
    WeightRef feed_forward_norm;     // [embedding]
    WeightRef gate, up, down;        // [width, embedding]; down [embedding, width]
    WeightRef gate_bias, up_bias, down_bias;
    WeightRef feed_forward_post_norm;
};

struct Layer {
    AttentionConfig attention;
    FeedForwardConfig feed_forward;
    LayerWeights weights;
};

struct Config {
    std::string architecture;
    std::uint32_t embedding = 0, vocabulary = 0;
    std::uint32_t trained_context = 0;  // tokens
    float norm_epsilon = 0;
    float embedding_scale = 1;  // token embeddings are multiplied by it
    float logit_scale = 1;
    float logit_softcap = 0;  // 0 = none
    std::vector<RopeTable> ropes;
};

// Points into the ModelFile it was made from, which must outlive it.
struct Model {
    Config config;
    std::vector<Layer> layers;
    WeightRef token_embedding;  // [vocabulary, embedding]
    WeightRef output_norm;
    WeightRef output;  // [vocabulary, embedding]; the embedding where they are tied
    bool tied() const { return output.tensor == token_embedding.tensor; }
};

// Reads the configuration and finds every weight. Throws bad_file (a key or tensor is missing, of the wrong
// type, shape or range) or unsupported (architecture, feature), naming what was expected.
Model read_model(const format::ModelFile& file);

// Names that general.architecture may have.
std::vector<std::string_view> architectures();

}  // namespace lamina::model
