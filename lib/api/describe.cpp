#include "api/describe.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace lamina {
namespace {

std::uint64_t stored_bytes(const model::WeightRef& ref) {
    return ref ? ref.rows * row_bytes(ref.tensor->type, ref.columns) : 0;
}

// Weights that one decoded token reads: everything but the embedding table, of which it reads one row (unless
// it is the output matrix too).
std::uint64_t bytes_per_token(const model::Model& model) {
    std::uint64_t sum = stored_bytes(model.output) + stored_bytes(model.output_norm);
    if (!model.tied()) sum += row_bytes(model.token_embedding.tensor->type, model.token_embedding.columns);
    for (const auto& layer : model.layers) {
        const auto& w = layer.weights;
        for (const auto* ref : {&w.attention_norm,
                                &w.query,
                                &w.key,
                                &w.value,
                                &w.output,
                                &w.query_bias,
                                &w.key_bias,
                                &w.value_bias,
                                &w.output_bias,
                                &w.query_norm,
                                &w.key_norm,
                                &w.attention_post_norm,
                                &w.feed_forward_norm,
                                &w.gate,
                                &w.up,
                                &w.down,
                                &w.gate_bias,
                                &w.up_bias,
                                &w.down_bias,
                                &w.feed_forward_post_norm}) {
            sum += stored_bytes(*ref);
        }
    }
    return sum;
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
    if (first.attention.kv_heads < first.attention.heads)
        out.push_back("grouped-query attention, " +
                      std::to_string(first.attention.heads / first.attention.kv_heads) +
                      " heads to a KV head");
    if (first.weights.query_norm) out.push_back("normed queries and keys");
    if (first.weights.query_bias) out.push_back("biased queries");
    if (first.attention.softcap > 0) out.push_back("soft-capped attention");
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
    out.weight_bytes_per_token = bytes_per_token(model);
    const auto& first = model.layers.front();
    out.layers = static_cast<std::uint32_t>(model.layers.size());
    out.embedding = model.config.embedding;
    out.heads = first.attention.heads;
    out.kv_heads = first.attention.kv_heads;
    out.head_dim = first.attention.key_dim;
    out.feed_forward = first.feed_forward.width;
    out.vocabulary = model.config.vocabulary;
    out.trained_context = model.config.trained_context;
    out.types = types(file);
    out.features = features(model);
    out.tokenizer = tokenizer_name(file);
    out.has_chat_template = file.has("tokenizer.chat_template");
    return out;
}

}  // namespace lamina
