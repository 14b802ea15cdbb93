#include <cmath>
#include <string>

#include "base/join.hpp"
#include "lamina/limits.hpp"
#include "model/file_reader.hpp"
#include "model/rope.hpp"

namespace lamina::model {
namespace {

void read_config(const FileReader& reader, const Architecture& row, Model& model) {
    auto& c = model.config;
    c.architecture = row.name;
    c.hidden_size = reader.integer("embedding_length", 1, max_hidden_size);
    c.trained_context = reader.integer("context_length", 1, max_context);
    c.centered_norms = row.layer_norm;
    c.norm_epsilon = static_cast<float>(reader.file().need_real(
        reader.key(row.layer_norm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"), 0.0,
        1.0));
    c.embedding_scale = row.scaled_embedding ? std::sqrt(static_cast<float>(c.hidden_size)) : 1.0f;
    c.embedding_scale *= reader.real_or("embedding_scale", 1e-6, 1e6, 1.0);
    c.residual_scale = reader.real_or("residual_scale", 1e-6, 1e6, 1.0);
    const float logit_scale = reader.real_or("logit_scale", 1e-6, 1e6, 1.0);
    c.logit_scale = row.divided_logits ? 1.0f / logit_scale : logit_scale;
    c.logit_softcap = reader.real_or("final_logit_softcapping", 0.0, 1e6, 0.0);
    const auto& table = reader.tensor({no_layer, "token_embd"});
    if (table.shape.size() != 2 || table.rows() > (1u << 22)) {
        reader.errors().fail(ErrorCode::bad_file, table.name, "at most 4194304 rows of 2 dimensions",
                             std::to_string(table.rows()) + " rows of " + std::to_string(table.shape.size()));
    }
    c.vocabulary = static_cast<std::uint32_t>(table.rows());
    model.token_embedding = reader.matrix({no_layer, "token_embd"}, c.vocabulary, c.hidden_size);
    const auto vocabulary = reader.integer_or("vocab_size", 1, 1u << 22, c.vocabulary);
    if (vocabulary != c.vocabulary) {
        reader.errors().fail(ErrorCode::bad_file, reader.key("vocab_size"),
                             std::to_string(c.vocabulary) + " as token_embd.weight has rows",
                             std::to_string(vocabulary));
    }
}

// ropes[0] is for layers that attend to everything, ropes[1] for windowed ones with a base of their own: it
// is not scaled, since a window never sees more than the positions that it was trained on.
void read_ropes(const FileReader& reader, const Architecture& row, Config& config) {
    auto rope = read_rope(reader.file(), config.architecture, rope_head_dim(reader, config));
    rope.pairing = row.pairing;
    config.ropes.push_back(rope);
    if (row.window_rope_base == 0) return;
    RopeParameters windowed;
    windowed.pairing = row.pairing;
    windowed.dims = rope.dims;
    windowed.base =
        reader.file().real(reader.key("rope.freq_base_swa"), 1.0 + 1e-6, 1e12).value_or(row.window_rope_base);
    config.ropes.push_back(windowed);
}

Layer read_layer(const FileReader& reader, const Architecture& row, const Config& config,
                 std::uint32_t index) {
    const Place block{index};
    Layer layer;
    const Place feed_forward_norm = block + row.feed_forward_norm;
    layer.parallel = row.parallel || (row.parallel_without_norm && !reader.has_tensor(feed_forward_norm));
    if (row.pre_norms) {
        layer.attention_norm = reader.norm(block + "attn_norm", config.hidden_size);
        if (!layer.parallel) layer.feed_forward_norm = reader.norm(feed_forward_norm, config.hidden_size);
    }
    if (row.post_norms) {
        layer.attention_post_norm = reader.norm(block + "post_attention_norm", config.hidden_size);
        layer.feed_forward_post_norm = reader.norm(block + "post_ffw_norm", config.hidden_size);
    }
    read_attention(reader, row, config, index, layer.attention, layer.attention_weights);
    read_feed_forward(reader, row, config, index, layer.feed_forward, layer.feed_forward_weights);
    return layer;
}

const Architecture& architecture_of(const format::ModelFile& file) {
    const auto name = file.need_string("general.architecture");
    if (const auto* row = find_architecture(name)) return *row;
    file.errors().fail(ErrorCode::unsupported, "general.architecture",
                       "one of " + join(architectures(), ", "), name);
}

}  // namespace

Model read_model(const format::ModelFile& file) {
    const auto& row = architecture_of(file);
    const FileReader reader(file, row);
    Model model;
    read_config(reader, row, model);
    read_ropes(reader, row, model.config);
    const auto layers = reader.integer("block_count", 1, max_layers);
    for (std::uint32_t i = 0; i < layers; ++i)
        model.layers.push_back(read_layer(reader, row, model.config, i));
    model.output_norm = reader.norm({no_layer, "output_norm"}, model.config.hidden_size);
    model.output =
        reader.optional_matrix({no_layer, "output"}, model.config.vocabulary, model.config.hidden_size);
    if (!model.output) model.output = model.token_embedding;
    reader.refuse_unread();
    if (row.adjust) row.adjust(file, model);
    return model;
}

}  // namespace lamina::model
