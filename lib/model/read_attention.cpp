#include <cmath>

#include "lamina/limits.hpp"
#include "model/file_reader.hpp"

namespace lamina::model {
namespace {

std::uint32_t heads(const FileReader& reader, std::uint32_t layer) {
    return reader.per_layer("attention.head_count", layer, 1, max_heads);
}

std::uint32_t head_dim(const FileReader& reader, const Config& config, std::string_view suffix,
                       std::uint32_t layer) {
    if (reader.has(suffix)) return reader.integer(suffix, 1, max_head_dim);
    const auto count = heads(reader, layer);
    if (config.hidden_size % count != 0) {
        reader.errors().fail(ErrorCode::bad_file, reader.key("attention.head_count"),
                             "a divisor of " + std::to_string(config.hidden_size), std::to_string(count));
    }
    return config.hidden_size / count;
}

std::uint32_t window(const FileReader& reader, const Architecture& row, std::uint32_t layer) {
    const auto window = reader.integer_or("attention.sliding_window", 0, max_context, 0);
    constexpr std::string_view pattern = "attention.sliding_window_pattern";
    if (reader.file().integers(reader.key(pattern)) != nullptr)
        return reader.per_layer(pattern, layer, 0, 1) == 1 ? window : 0;
    const auto period = reader.integer_or(pattern, 0, max_layers, row.window_period);
    return period > 0 && layer % period == period - 1 ? 0 : window;
}

// What latent and multi-head attention have in common.
AttentionConfig common(const FileReader& reader, const Architecture& row, const Config& config,
                       std::uint32_t layer) {
    AttentionConfig a;
    a.heads = heads(reader, layer);
    a.window = window(reader, row, layer);
    a.softcap = reader.real_or("attn_logit_softcapping", 0.0, 1e6, 0.0);
    if (row.no_rope_period == 0 || layer % row.no_rope_period != row.no_rope_period - 1)
        a.rope = a.window > 0 && config.ropes.size() > 1 ? 1u : 0u;
    return a;
}

float score_scale(const FileReader& reader, const Config& config, const AttentionConfig& a,
                  std::uint32_t dim) {
    const float given = reader.real_or("attention.scale", 0.0, 1e6, 0.0);
    const float scale = given > 0 ? given : 1.0f / std::sqrt(static_cast<float>(dim));
    return a.rope ? scale * static_cast<float>(config.ropes[*a.rope].score_scale()) : scale;
}

void read_query_key_norms(const FileReader& reader, const Architecture& row, const Place& block,
                          const AttentionConfig& a, AttentionWeights& w) {
    const std::uint64_t query = std::uint64_t{a.heads} * a.key_dim,
                        key = std::uint64_t{a.kv_heads} * a.key_dim;
    if (row.query_key_norm == QueryKeyNorm::all) {
        w.query_norm = reader.norm(block + "attn_q_norm", query);
        w.key_norm = reader.norm(block + "attn_k_norm", key);
        w.norm_heads = false;
    } else if (row.query_key_norm == QueryKeyNorm::heads) {
        w.query_norm = reader.norm(block + "attn_q_norm", a.key_dim);
        w.key_norm = reader.norm(block + "attn_k_norm", a.key_dim);
    } else if (row.query_key_norm == QueryKeyNorm::each_optional) {
        w.query_norm = reader.optional_norm(block + "attn_q_norm", query, a.heads);
        w.key_norm = reader.optional_norm(block + "attn_k_norm", key, a.kv_heads);
    }
}

void read_projections(const FileReader& reader, const Place& block, const AttentionConfig& a,
                      std::uint64_t hidden_size, AttentionWeights& w) {
    const std::uint64_t query = std::uint64_t{a.heads} * a.key_dim,
                        key = std::uint64_t{a.kv_heads} * a.key_dim,
                        value = std::uint64_t{a.kv_heads} * a.value_dim;
    if (reader.has_tensor(block + "attn_qkv")) {
        const auto fused = reader.linear(block + "attn_qkv", query + key + value, hidden_size);
        w.query = slice(fused, 0, query, "attn_q");
        w.key = slice(fused, query, key, "attn_k");
        w.value = slice(fused, query + key, value, "attn_v");
    } else {
        w.query = reader.linear(block + "attn_q", query, hidden_size);
        w.key = reader.linear(block + "attn_k", key, hidden_size);
        w.value = reader.linear(block + "attn_v", value, hidden_size);
    }
    w.output = reader.linear(block + "attn_output", hidden_size, std::uint64_t{a.heads} * a.value_dim);
}

void read_multi_head(const FileReader& reader, const Architecture& row, const Config& config,
                     std::uint32_t layer, const Place& block, AttentionConfig& a, AttentionWeights& w) {
    a.kv_heads = reader.has("attention.head_count_kv")
                     ? reader.per_layer("attention.head_count_kv", layer, 1, max_heads)
                     : a.heads;
    if (a.heads % a.kv_heads != 0) {
        reader.errors().fail(ErrorCode::bad_file, reader.key("attention.head_count_kv"),
                             "a divisor of " + std::to_string(a.heads), std::to_string(a.kv_heads));
    }
    a.key_dim = head_dim(reader, config, "attention.key_length", layer);
    a.value_dim = head_dim(reader, config, "attention.value_length", layer);
    a.scale = score_scale(reader, config, a, a.key_dim);
    if (a.rope && config.ropes[*a.rope].dims > a.key_dim) {
        reader.errors().fail(ErrorCode::bad_file, reader.key("rope.dimension_count"),
                             "at most " + std::to_string(a.key_dim),
                             std::to_string(config.ropes[*a.rope].dims));
    }
    read_projections(reader, block, a, config.hidden_size, w);
    read_query_key_norms(reader, row, block, a, w);
}

std::uint32_t latent_key_dim(const FileReader& reader) {
    return reader.integer("attention.key_length_mla", 2, max_head_dim);
}

void read_latent(const FileReader& reader, const Config& config, const Place& block, AttentionConfig& a,
                 AttentionWeights& w) {
    LatentConfig l;
    const auto key_dim = latent_key_dim(reader);
    l.rope_dim = config.ropes.front().dims;
    if (l.rope_dim >= key_dim) {
        reader.errors().fail(ErrorCode::bad_file, reader.key("attention.key_length_mla"),
                             "more than the " + std::to_string(l.rope_dim) + " of rope.dimension_count",
                             std::to_string(key_dim));
    }
    l.nope_dim = key_dim - l.rope_dim;
    l.value_dim = reader.integer("attention.value_length_mla", 1, max_head_dim);
    l.kv_lora_rank = reader.integer("attention.kv_lora_rank", 1, max_head_dim);
    l.q_lora_rank = reader.integer_or("attention.q_lora_rank", 0, max_hidden_size, 0);
    a.latent = l;
    a.kv_heads = 1;
    a.key_dim = l.kv_lora_rank + l.rope_dim;
    a.value_dim = l.kv_lora_rank;
    a.scale = score_scale(reader, config, a, key_dim);
    const std::uint64_t hidden_size = config.hidden_size, query = std::uint64_t{a.heads} * key_dim;
    if (l.q_lora_rank > 0) {
        w.query_down = reader.matrix(block + "attn_q_a", l.q_lora_rank, hidden_size);
        w.query_down_norm = reader.norm(block + "attn_q_a_norm", l.q_lora_rank);
        w.query = reader.linear(block + "attn_q_b", query, l.q_lora_rank);
    } else {
        w.query = reader.linear(block + "attn_q", query, hidden_size);
    }
    const auto down = reader.linear(block + "attn_kv_a_mqa", a.key_dim, hidden_size);
    w.latent_down = slice(down, 0, l.kv_lora_rank, "attn_kv_a").weight;
    w.key_rope = slice(down, l.kv_lora_rank, l.rope_dim, "attn_k_rope").weight;
    w.latent_norm = reader.norm(block + "attn_kv_a_norm", l.kv_lora_rank);
    w.query_absorb = reader.matrix(block + "attn_k_b", l.kv_lora_rank, l.nope_dim, a.heads);
    w.value_expand = reader.matrix(block + "attn_v_b", l.value_dim, l.kv_lora_rank, a.heads);
    w.output = reader.linear(block + "attn_output", hidden_size, std::uint64_t{a.heads} * l.value_dim);
}

}  // namespace

std::uint32_t rope_head_dim(const FileReader& reader, const Config& config) {
    if (reader.has("attention.kv_lora_rank")) return latent_key_dim(reader);
    return head_dim(reader, config, "attention.key_length", 0);
}

void read_attention(const FileReader& reader, const Architecture& row, const Config& config,
                    std::uint32_t layer, AttentionConfig& attention, AttentionWeights& weights) {
    const Place block{layer};
    attention = common(reader, row, config, layer);
    if (reader.has("attention.kv_lora_rank")) {
        read_latent(reader, config, block, attention, weights);
    } else {
        read_multi_head(reader, row, config, layer, block, attention, weights);
    }
    weights.sinks = reader.optional_vector(block + "attn_sinks", weight_suffix, attention.heads);
}

}  // namespace lamina::model
