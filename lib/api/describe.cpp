#include "api/describe.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace lamina {
namespace {

// What a token reads of the file.
struct Read {
    std::uint64_t weights = 0, bytes = 0;
    Read operator+(const Read& other) const { return {weights + other.weights, bytes + other.bytes}; }
};

Read rows_of(const model::WeightRef& ref, std::uint64_t rows) {
    return {rows * ref.columns, rows * row_bytes(ref.tensor->type, ref.columns)};
}
Read all_of(const model::WeightRef& ref) { return ref ? rows_of(ref, ref.matrices * ref.rows) : Read{}; }
Read all_of(const model::LinearRef& ref) { return all_of(ref.weight) + all_of(ref.bias); }
Read all_of(const model::NormRef& ref) { return all_of(ref.weight) + all_of(ref.bias); }

template <class... Refs>
Read sum_of(const Refs&... refs) {
    return (all_of(refs) + ...);
}

Read attention_read(const model::AttentionWeights& w) {
    return sum_of(w.query, w.key, w.value, w.output, w.query_norm, w.key_norm, w.sinks, w.query_down,
                  w.latent_down, w.key_rope, w.query_absorb, w.value_expand, w.query_down_norm,
                  w.latent_norm);
}

// Of the experts, a token reads those that it chooses.
Read feed_forward_read(const model::Layer& layer) {
    const auto& w = layer.feed_forward_weights;
    const Read network = sum_of(w.gate, w.up, w.down);
    const Read always =
        sum_of(w.router, w.selection_bias, w.shared_gate, w.shared_up, w.shared_down, w.shared_router);
    if (!layer.feed_forward.experts) return network + always;
    const auto& routing = layer.feed_forward.experts->routing;
    return Read{network.weights / routing.experts * routing.used,
                network.bytes / routing.experts * routing.used} +
           always;
}

// Weights that one decoded token reads: everything but the embedding table, of which it reads one row (unless
// it is the output matrix too).
Read read_per_token(const model::Model& model) {
    Read sum = sum_of(model.output, model.output_norm);
    if (!model.tied()) sum = sum + rows_of(model.token_embedding, 1);
    for (const auto& layer : model.layers) {
        sum = sum +
              sum_of(layer.attention_norm, layer.attention_post_norm, layer.feed_forward_norm,
                     layer.feed_forward_post_norm) +
              attention_read(layer.attention_weights) + feed_forward_read(layer);
    }
    return sum;
}

void add_expert_features(const model::Model& model, std::vector<std::string>& out) {
    std::size_t layers = 0;
    const model::ExpertsConfig* any = nullptr;
    for (const auto& layer : model.layers) {
        if (!layer.feed_forward.experts) continue;
        ++layers;
        any = &*layer.feed_forward.experts;
    }
    if (any == nullptr) return;
    out.push_back(std::to_string(any->routing.used) + " of " + std::to_string(any->routing.experts) +
                  " experts on " + std::to_string(layers) + " of " + std::to_string(model.layers.size()) +
                  " layers" + (any->shared_width > 0 ? ", and shared ones" : ""));
}

std::vector<std::string> features(const model::Model& model) {
    std::vector<std::string> out;
    std::map<std::uint32_t, std::size_t> windows;
    for (const auto& layer : model.layers) ++windows[layer.attention.window];
    for (const auto& [window, layers] : windows) {
        if (window > 0)
            out.push_back("sliding window " + std::to_string(window) + " on " + std::to_string(layers) +
                          " of " + std::to_string(model.layers.size()) + " layers");
    }
    const auto& first = model.layers.front();
    if (first.attention.latent)
        out.push_back("latent attention, " + std::to_string(first.attention.key_dim) +
                      " values a token and layer");
    else if (first.attention.kv_heads < first.attention.heads)
        out.push_back("grouped-query attention, " +
                      std::to_string(first.attention.heads / first.attention.kv_heads) +
                      " heads to a KV head");
    if (first.attention_weights.query_norm) out.push_back("normed queries and keys");
    if (first.attention_weights.query.bias) out.push_back("biased queries");
    if (first.attention.softcap > 0) out.push_back("soft-capped attention");
    if (first.attention_weights.sinks) out.push_back("attention sinks");
    if (first.parallel) out.push_back("parallel branches");
    add_expert_features(model, out);
    if (model.config.ropes.size() > 1) out.push_back("two RoPE bases");
    if (model.tied()) out.push_back("tied embeddings");
    return out;
}

std::vector<TypeCount> types(const format::ModelFile& file) {
    std::map<DType, TypeCount> counts;
    for (const auto& tensor : file.tensors) {
        auto& count = counts[tensor.type];
        count.type = info(tensor.type).name;
        ++count.tensors;
        count.bytes += tensor.bytes.size();
    }
    std::vector<TypeCount> out;
    out.reserve(counts.size());
    for (auto& [type, count] : counts) out.push_back(std::move(count));
    std::sort(out.begin(), out.end(),
              [](const TypeCount& a, const TypeCount& b) { return a.bytes > b.bytes; });
    return out;
}

std::string tokenizer_name(const format::ModelFile& file) {
    const auto model = file.string("tokenizer.ggml.model").value_or("none");
    if (model == "none" || model == "no_vocab") return {};
    const auto pattern = file.string("tokenizer.ggml.pre").value_or("");
    return model + (pattern.empty() ? "" : " (" + pattern + ")");
}

}  // namespace

ModelInfo describe(const format::ModelFile& file, const model::Model& model) {
    ModelInfo out;
    out.path = file.path();
    out.format = file.format;
    out.architecture = model.config.architecture;
    out.name = file.string("general.name").value_or("");
    out.licence = file.string("general.license").value_or("");
    for (const auto& tensor : file.tensors) out.parameters += tensor.elements();
    for (const auto& part : file.files) out.file_bytes += part.bytes->bytes().size();
    const Read read = read_per_token(model);
    out.weight_bytes_per_token = read.bytes;
    out.weights_per_token = read.weights;
    const auto& first = model.layers.front();
    out.layers = static_cast<std::uint32_t>(model.layers.size());
    out.embedding = model.config.hidden_size;
    out.heads = first.attention.heads;
    out.kv_heads = first.attention.kv_heads;
    out.head_dim = first.attention.key_dim;
    out.feed_forward =
        first.feed_forward.experts ? first.feed_forward.experts->width : first.feed_forward.width;
    out.vocabulary = model.config.vocabulary;
    out.trained_context = model.config.trained_context;
    out.types = types(file);
    out.features = features(model);
    out.tokenizer = tokenizer_name(file);
    out.has_chat_template = file.has("tokenizer.chat_template");
    return out;
}

}  // namespace lamina
