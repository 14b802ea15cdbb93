// Small models of any shape and weight type with random weights, written as GGUF.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "support/gguf_writer.hpp"
#include "support/random.hpp"

namespace lamina::test {

struct TinyShape {
    std::string architecture = "llama";
    std::uint32_t layers = 2, embedding = 64, feed_forward = 96, heads = 4, kv_heads = 2, head_dim = 16,
                  vocabulary = 80;
    std::uint32_t context = 256, window = 0;
    bool tied = true, biases = false;
    DType type = DType::f16;  // of the matrices; must divide every row
    std::uint64_t seed = 1;
};

class TinyModel {
  public:
    GgufWriter writer;

    explicit TinyModel(const TinyShape& shape) : s_(shape), random_(shape.seed) {
        metadata();
        const std::uint64_t query = std::uint64_t{s_.heads} * s_.head_dim,
                            kv = std::uint64_t{s_.kv_heads} * s_.head_dim;
        matrix("token_embd.weight", s_.vocabulary, s_.embedding);
        if (!s_.tied) matrix("output.weight", s_.vocabulary, s_.embedding);
        vector("output_norm.weight", s_.embedding, 1.0f);
        for (std::uint32_t i = 0; i < s_.layers; ++i) {
            const std::string block = "blk." + std::to_string(i) + ".";
            vector(block + "attn_norm.weight", s_.embedding, 1.0f);
            matrix(block + "attn_q.weight", query, s_.embedding);
            matrix(block + "attn_k.weight", kv, s_.embedding);
            matrix(block + "attn_v.weight", kv, s_.embedding);
            matrix(block + "attn_output.weight", s_.embedding, query);
            vector(block + "ffn_norm.weight", s_.embedding, 1.0f);
            matrix(block + "ffn_gate.weight", s_.feed_forward, s_.embedding);
            matrix(block + "ffn_up.weight", s_.feed_forward, s_.embedding);
            matrix(block + "ffn_down.weight", s_.embedding, s_.feed_forward);
            if (s_.architecture == "gemma3") gemma3_norms(block);
            if (s_.biases) biases(block, query, kv);
        }
    }

  private:
    void metadata() {
        const std::string key = s_.architecture + ".";
        writer.set("general.architecture", s_.architecture).set(key + "block_count", s_.layers);
        writer.set(key + "context_length", s_.context).set(key + "embedding_length", s_.embedding);
        writer.set(key + "feed_forward_length", s_.feed_forward).set(key + "attention.head_count", s_.heads);
        writer.set(key + "attention.head_count_kv", s_.kv_heads)
            .set(key + "attention.key_length", s_.head_dim);
        writer.set(key + "attention.value_length", s_.head_dim)
            .set(key + "attention.layer_norm_rms_epsilon", 1e-5f);
        if (s_.window > 0) writer.set(key + "attention.sliding_window", s_.window);
    }

    void gemma3_norms(const std::string& block) {
        vector(block + "attn_q_norm.weight", s_.head_dim, 1.0f);
        vector(block + "attn_k_norm.weight", s_.head_dim, 1.0f);
        vector(block + "post_attention_norm.weight", s_.embedding, 1.0f);
        vector(block + "post_ffw_norm.weight", s_.embedding, 1.0f);
    }

    void biases(const std::string& block, std::uint64_t query, std::uint64_t kv) {
        vector(block + "attn_q.bias", query, 0.0f);
        vector(block + "attn_k.bias", kv, 0.0f);
        vector(block + "attn_v.bias", kv, 0.0f);
        vector(block + "attn_output.bias", s_.embedding, 0.0f);
        vector(block + "ffn_gate.bias", s_.feed_forward, 0.0f);
        vector(block + "ffn_up.bias", s_.feed_forward, 0.0f);
        vector(block + "ffn_down.bias", s_.embedding, 0.0f);
    }

    void matrix(const std::string& name, std::uint64_t rows, std::uint64_t columns) {
        writer.tensor(
            name, s_.type, {rows, columns},
            random_.weights(s_.type, rows * columns, 1.0f / std::sqrt(static_cast<float>(columns))));
    }

    void vector(const std::string& name, std::uint64_t size, float mean) {
        auto values = random_.normals(size, 0.1f);
        for (auto& v : values) v += mean;
        writer.tensor(name, DType::f32, {size}, values);
    }

    TinyShape s_;
    Random random_;
};

}  // namespace lamina::test
