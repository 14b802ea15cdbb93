#include <algorithm>
#include <cmath>

#include "lamina/error.hpp"
#include "model/architecture.hpp"
#include "model/rope.hpp"
#include "quant/decode.hpp"

namespace lamina::model {
namespace {

constexpr std::uint64_t max_layers = 4096, max_embedding = 1u << 20, max_heads = 1u << 14,
                        max_head_dim = 1u << 14;

// Reads one file by one row of the table.
class Reader {
  public:
    Reader(const format::ModelFile& file, const Architecture& row)
        : file_(file), row_(row), prefix_(std::string(row.name) + ".") {}

    Model read() {
        refuse_unknown_features();
        read_config();
        read_ropes();
        const auto layers = integer("block_count", 1, max_layers);
        for (std::uint32_t i = 0; i < layers; ++i) model_.layers.push_back(read_layer(i));
        model_.output_norm = vector("output_norm.weight", model_.config.embedding);
        model_.output = optional_matrix("output.weight", model_.config.vocabulary, model_.config.embedding);
        if (!model_.output) model_.output = model_.token_embedding;
        if (row_.adjust) row_.adjust(file_, model_);
        return std::move(model_);
    }

  private:
    std::string key(std::string_view suffix) const { return prefix_ + std::string(suffix); }
    std::uint32_t integer(std::string_view suffix, std::uint64_t low, std::uint64_t high) const {
        return static_cast<std::uint32_t>(file_.need_integer(key(suffix), low, high));
    }

    [[noreturn]] void fail(ErrorCode code, std::string subject, std::string expected,
                           std::string found) const {
        throw Error(code, ErrorDetails{.area = "model",
                                       .file = file_.path(),
                                       .subject = std::move(subject),
                                       .expected = std::move(expected),
                                       .found = std::move(found)});
    }

    // A number that some files give once and others a layer.
    std::uint32_t per_layer(std::string_view suffix, std::uint32_t layer, std::uint64_t low,
                            std::uint64_t high) const {
        const auto name = key(suffix);
        const auto found = file_.metadata.find(name);
        if (found == file_.metadata.end() || !std::holds_alternative<format::Integers>(found->second))
            return integer(suffix, low, high);
        const auto& values = std::get<format::Integers>(found->second);
        if (layer >= values.size())
            fail(ErrorCode::bad_file, name, "a value for layer " + std::to_string(layer),
                 std::to_string(values.size()) + " values");
        const auto value = values[layer];
        if (value < 0 || static_cast<std::uint64_t>(value) < low ||
            static_cast<std::uint64_t>(value) > high) {
            fail(ErrorCode::bad_file, name, std::to_string(low) + ".." + std::to_string(high),
                 std::to_string(value));
        }
        return static_cast<std::uint32_t>(value);
    }

    void refuse_unknown_features() const {
        if (file_.integer(key("expert_count"), 0, 1u << 16).value_or(0) > 0) {
            fail(ErrorCode::unsupported, key("expert_count"), "a model without experts",
                 "a mixture of experts");
        }
    }

    void read_config() {
        auto& c = model_.config;
        c.architecture = row_.name;
        c.embedding = integer("embedding_length", 1, max_embedding);
        c.trained_context = integer("context_length", 1, 1u << 30);
        c.norm_epsilon =
            static_cast<float>(file_.need_real(key("attention.layer_norm_rms_epsilon"), 0.0, 1.0));
        c.embedding_scale = row_.scaled_embedding ? std::sqrt(static_cast<float>(c.embedding)) : 1.0f;
        c.logit_softcap =
            static_cast<float>(file_.real(key("final_logit_softcapping"), 0.0, 1e6).value_or(0.0));
        const auto& table = need("token_embd.weight");
        if (table.shape.size() != 2 || table.rows() > (1u << 22))
            fail(ErrorCode::bad_file, table.name, "at most 4194304 rows of 2 dimensions", shape_text(table));
        c.vocabulary = static_cast<std::uint32_t>(table.rows());
        model_.token_embedding = matrix("token_embd.weight", c.vocabulary, c.embedding);
        const auto vocabulary = file_.integer(key("vocab_size"), 1, 1u << 22);
        if (vocabulary && *vocabulary != c.vocabulary) {
            fail(ErrorCode::bad_file, key("vocab_size"),
                 std::to_string(c.vocabulary) + " as token_embd.weight has rows",
                 std::to_string(*vocabulary));
        }
    }

    std::uint32_t heads(std::uint32_t layer) const {
        return per_layer("attention.head_count", layer, 1, max_heads);
    }

    std::uint32_t head_dim(std::string_view suffix, std::uint32_t layer) const {
        const auto given = file_.integer(key(suffix), 1, max_head_dim);
        if (given) return static_cast<std::uint32_t>(*given);
        if (model_.config.embedding % heads(layer) != 0) {
            fail(ErrorCode::bad_file, key("attention.head_count"),
                 "a divisor of " + std::to_string(model_.config.embedding), std::to_string(heads(layer)));
        }
        return model_.config.embedding / heads(layer);
    }

    // ropes[0] is for layers that attend to everything, ropes[1] for windowed ones with a base of their own:
    // it is not scaled, since a window never sees more than the positions that it was trained on.
    void read_ropes() {
        auto parameters = read_rope(file_, model_.config.architecture, head_dim("attention.key_length", 0));
        model_.config.ropes.push_back(make_rope(parameters, row_.pairing));
        if (row_.window_rope_base == 0) return;
        RopeParameters windowed;
        windowed.dims = parameters.dims;
        windowed.base =
            file_.real(key("rope.freq_base_swa"), 1.0 + 1e-6, 1e12).value_or(row_.window_rope_base);
        model_.config.ropes.push_back(make_rope(windowed, row_.pairing));
    }

    std::uint32_t window(std::uint32_t layer) const {
        const auto window = static_cast<std::uint32_t>(
            file_.integer(key("attention.sliding_window"), 0, 1u << 30).value_or(0));
        const auto pattern = key("attention.sliding_window_pattern");
        if (file_.has(pattern) &&
            std::holds_alternative<format::Integers>(file_.metadata.find(pattern)->second)) {
            return per_layer("attention.sliding_window_pattern", layer, 0, 1) == 1 ? window : 0;
        }
        const auto period =
            static_cast<std::uint32_t>(file_.integer(pattern, 0, max_layers).value_or(row_.window_period));
        return period > 0 && layer % period == period - 1 ? 0 : window;
    }

    AttentionConfig read_attention(std::uint32_t layer) const {
        AttentionConfig a;
        a.heads = heads(layer);
        a.kv_heads = file_.has(key("attention.head_count_kv"))
                         ? per_layer("attention.head_count_kv", layer, 1, max_heads)
                         : a.heads;
        if (a.heads % a.kv_heads != 0) {
            fail(ErrorCode::bad_file, key("attention.head_count_kv"),
                 "a divisor of " + std::to_string(a.heads), std::to_string(a.kv_heads));
        }
        a.key_dim = head_dim("attention.key_length", layer);
        a.value_dim = head_dim("attention.value_length", layer);
        a.window = window(layer);
        a.scale = static_cast<float>(file_.real(key("attention.scale"), 0.0, 1e6).value_or(0.0));
        if (a.scale == 0) a.scale = 1.0f / std::sqrt(static_cast<float>(a.key_dim));
        a.softcap = static_cast<float>(file_.real(key("attn_logit_softcapping"), 0.0, 1e6).value_or(0.0));
        a.rope = a.window > 0 && model_.config.ropes.size() > 1 ? 1u : 0u;
        if (model_.config.ropes[*a.rope].dims() > a.key_dim) {
            fail(ErrorCode::bad_file, key("rope.dimension_count"), "at most " + std::to_string(a.key_dim),
                 std::to_string(model_.config.ropes[*a.rope].dims()));
        }
        return a;
    }

    Layer read_layer(std::uint32_t index) const {
        Layer layer;
        layer.attention = read_attention(index);
        layer.feed_forward = {per_layer("feed_forward_length", index, 1, 1u << 24), row_.activation,
                              row_.gated};
        const auto embedding = model_.config.embedding;
        const auto& a = layer.attention;
        const std::uint64_t query = std::uint64_t{a.heads} * a.key_dim,
                            key = std::uint64_t{a.kv_heads} * a.key_dim;
        const std::uint64_t value = std::uint64_t{a.kv_heads} * a.value_dim, width = layer.feed_forward.width;
        const std::string block = "blk." + std::to_string(index) + ".";
        auto& w = layer.weights;
        w.attention_norm = vector(block + "attn_norm.weight", embedding);
        w.query = matrix(block + "attn_q.weight", query, embedding);
        w.key = matrix(block + "attn_k.weight", key, embedding);
        w.value = matrix(block + "attn_v.weight", value, embedding);
        w.output = matrix(block + "attn_output.weight", embedding, std::uint64_t{a.heads} * a.value_dim);
        w.query_bias = optional_vector(block + "attn_q.bias", query);
        w.key_bias = optional_vector(block + "attn_k.bias", key);
        w.value_bias = optional_vector(block + "attn_v.bias", value);
        w.output_bias = optional_vector(block + "attn_output.bias", embedding);
        if (row_.query_key_norm) {
            w.query_norm = vector(block + "attn_q_norm.weight", a.key_dim);
            w.key_norm = vector(block + "attn_k_norm.weight", a.key_dim);
        }
        if (row_.post_norms) {
            w.attention_post_norm = vector(block + "post_attention_norm.weight", embedding);
            w.feed_forward_post_norm = vector(block + "post_ffw_norm.weight", embedding);
        }
        w.feed_forward_norm = vector(block + "ffn_norm.weight", embedding);
        if (row_.gated) w.gate = matrix(block + "ffn_gate.weight", width, embedding);
        w.up = matrix(block + "ffn_up.weight", width, embedding);
        w.down = matrix(block + "ffn_down.weight", embedding, width);
        w.gate_bias = optional_vector(block + "ffn_gate.bias", width);
        w.up_bias = optional_vector(block + "ffn_up.bias", width);
        w.down_bias = optional_vector(block + "ffn_down.bias", embedding);
        return layer;
    }

    static std::string shape_text(const format::Tensor& tensor) {
        std::string out = "[";
        for (auto d : tensor.shape) out += (out.size() > 1 ? ", " : "") + std::to_string(d);
        return out + "]";
    }

    const format::Tensor& need(const std::string& name) const {
        const auto* tensor = file_.find(name);
        if (!tensor) fail(ErrorCode::bad_file, name, "the tensor in the file", "no tensor of this name");
        return *tensor;
    }

    WeightRef optional_matrix(const std::string& name, std::uint64_t rows, std::uint64_t columns) const {
        const auto* tensor = file_.find(name);
        if (!tensor) return {};
        if (tensor->shape != std::vector<std::uint64_t>{rows, columns}) {
            fail(ErrorCode::bad_file, name, "[" + std::to_string(rows) + ", " + std::to_string(columns) + "]",
                 shape_text(*tensor));
        }
        if (!quant::is_weight_type(tensor->type))
            fail(ErrorCode::unsupported, name, "a weight type", std::string(info(tensor->type).name));
        return {tensor, 0, rows, columns};
    }
    WeightRef matrix(const std::string& name, std::uint64_t rows, std::uint64_t columns) const {
        need(name);
        return optional_matrix(name, rows, columns);
    }

    WeightRef optional_vector(const std::string& name, std::uint64_t size) const {
        const auto* tensor = file_.find(name);
        if (!tensor) return {};
        if (tensor->elements() != size || tensor->shape.size() != 1)
            fail(ErrorCode::bad_file, name, "[" + std::to_string(size) + "]", shape_text(*tensor));
        if (!is_float(tensor->type))
            fail(ErrorCode::unsupported, name, "f32, f16 or bf16", std::string(info(tensor->type).name));
        return {tensor, 0, 1, size};
    }
    WeightRef vector(const std::string& name, std::uint64_t size) const {
        need(name);
        return optional_vector(name, size);
    }

    const format::ModelFile& file_;
    const Architecture& row_;
    std::string prefix_;
    Model model_;
};

}  // namespace

Model read_model(const format::ModelFile& file) {
    const auto name = file.need_string("general.architecture");
    const auto* row = find_architecture(name);
    if (!row) {
        std::string known;
        for (auto a : architectures()) known += (known.empty() ? "" : ", ") + std::string(a);
        throw Error(ErrorCode::unsupported, ErrorDetails{.area = "model",
                                                         .file = file.path(),
                                                         .subject = "general.architecture",
                                                         .expected = "one of " + known,
                                                         .found = name});
    }
    return Reader(file, *row).read();
}

}  // namespace lamina::model
