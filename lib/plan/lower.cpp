#include <algorithm>
#include <map>

#include "plan/plan.hpp"

namespace lamina::plan {
namespace {

using namespace backend;

// Writes the program op by op. A layer reads top to bottom in layer().
class Lowering {
  public:
    Lowering(const model::Model& model, const Workload& workload) : model_(model), workload_(workload) {
        program_.max_rows = workload.batch_tokens;
        program_.max_wanted = workload.logit_rows;
        program_.max_position = workload.context;
        program_.ropes = model.config.ropes;
    }

    Lowered run() {
        const auto& config = model_.config;
        hidden_ = slot(config.embedding);
        normed_ = slot(config.embedding);
        branch_ = slot(config.embedding);
        op(Embed{weight(model_.token_embedding), hidden_, config.embedding_scale});
        for (const auto& l : model_.layers) layer(l);
        const Slot last = slot(config.embedding, Rows::wanted);
        program_.logits = slot(config.vocabulary, Rows::wanted);
        op(Gather{hidden_, last});
        norm(last, last, model_.output_norm, config.embedding);
        op(Linear{last, weight(model_.output), no_weight, program_.logits});
        if (config.logit_scale != 1.0f || config.logit_softcap > 0) {
            op(Scale{program_.logits, config.logit_scale, config.logit_softcap});
        }
        return {std::move(program_), std::move(residency_)};
    }

  private:
    void layer(const model::Layer& layer) {
        const auto& w = layer.weights;
        norm(hidden_, normed_, w.attention_norm, model_.config.embedding);
        attention(layer.attention, w);
        if (w.attention_post_norm) norm(branch_, branch_, w.attention_post_norm, model_.config.embedding);
        op(Add{hidden_, branch_, hidden_});
        norm(hidden_, normed_, w.feed_forward_norm, model_.config.embedding);
        feed_forward(layer.feed_forward, w);
        if (w.feed_forward_post_norm)
            norm(branch_, branch_, w.feed_forward_post_norm, model_.config.embedding);
        op(Add{hidden_, branch_, hidden_});
    }

    // normed_ -> branch_
    void attention(const model::AttentionConfig& a, const model::LayerWeights& w) {
        const Slot query = shared("query", a.heads * a.key_dim);
        const Slot key = shared("key", a.kv_heads * a.key_dim);
        const Slot value = shared("value", a.kv_heads * a.value_dim);
        const Slot mixed = shared("mixed", a.heads * a.value_dim);
        op(Linear{normed_, weight(w.query), optional(w.query_bias), query});
        op(Linear{normed_, weight(w.key), optional(w.key_bias), key});
        op(Linear{normed_, weight(w.value), optional(w.value_bias), value});
        if (w.query_norm) norm(query, query, w.query_norm, a.key_dim);
        if (w.key_norm) norm(key, key, w.key_norm, a.key_dim);
        if (a.rope) {
            op(Rope{query, a.heads, a.key_dim, *a.rope});
            op(Rope{key, a.kv_heads, a.key_dim, *a.rope});
        }
        const auto [group, index] = cache_layer(a);
        op(StoreKv{key, value, group, index});
        op(Attention{query, mixed, group, index, a.heads, a.scale, a.softcap});
        op(Linear{mixed, weight(w.output), optional(w.output_bias), branch_});
    }

    // normed_ -> branch_
    void feed_forward(const model::FeedForwardConfig& f, const model::LayerWeights& w) {
        const Slot up = shared("up", f.width);
        const Slot gate = f.gated ? shared("gate", f.width) : up;
        if (f.gated) op(Linear{normed_, weight(w.gate), optional(w.gate_bias), gate});
        op(Linear{normed_, weight(w.up), optional(w.up_bias), up});
        op(Activate{gate, up, gate, f.activation, f.gated});
        op(Linear{gate, weight(w.down), optional(w.down_bias), branch_});
    }

    void norm(Slot in, Slot out, const model::WeightRef& w, std::uint32_t group) {
        op(Norm{in, out, weight(w), no_weight, group, model_.config.norm_epsilon});
    }

    void op(Op op) { program_.ops.push_back(op); }

    Slot slot(std::uint32_t width, Rows rows = Rows::all) {
        program_.slots.push_back({width, rows});
        return static_cast<Slot>(program_.slots.size() - 1);
    }

    // Temporaries of one use and width serve every layer.
    Slot shared(const char* use, std::uint32_t width) {
        const auto [found, added] = shared_.try_emplace({use, width}, 0);
        if (added) found->second = slot(width);
        return found->second;
    }

    // A weight used twice (tied embeddings) is held once.
    WeightId weight(const model::WeightRef& ref) {
        const auto [found, added] =
            weights_.try_emplace({ref.tensor->name, ref.first_row}, static_cast<WeightId>(residency_.size()));
        if (added) {
            program_.weights.push_back({.name = ref.tensor->name,
                                        .type = ref.tensor->type,
                                        .rows = ref.rows,
                                        .columns = ref.columns});
            residency_.push_back({ref.tensor->name, ref.first_row, ref.rows});
        }
        return found->second;
    }
    WeightId optional(const model::WeightRef& ref) { return ref ? weight(ref) : no_weight; }

    // Layers that remember the same kind of thing share a cache group.
    std::pair<std::uint32_t, std::uint32_t> cache_layer(const model::AttentionConfig& a) {
        const CacheGeometry wanted{.type = workload_.cache,
                                   .kv_heads = a.kv_heads,
                                   .key_dim = a.key_dim,
                                   .value_dim = a.value_dim,
                                   .window = a.window};
        const auto same = [&](const CacheGeometry& g) {
            return g.kv_heads == wanted.kv_heads && g.key_dim == wanted.key_dim &&
                   g.value_dim == wanted.value_dim && g.window == wanted.window;
        };
        auto found = std::find_if(program_.caches.begin(), program_.caches.end(), same);
        if (found == program_.caches.end()) {
            found = program_.caches.insert(found, wanted);
            found->pages =
                pages_needed(a.window, workload_.sequences, workload_.context, workload_.batch_tokens);
        }
        return {static_cast<std::uint32_t>(found - program_.caches.begin()), found->layers++};
    }

    const model::Model& model_;
    const Workload& workload_;
    Program program_;
    std::vector<Residency> residency_;
    std::map<std::pair<std::string, std::uint32_t>, Slot> shared_;
    std::map<std::pair<std::string, std::uint64_t>, WeightId> weights_;
    Slot hidden_ = 0, normed_ = 0, branch_ = 0;
};

}  // namespace

Lowered lower(const model::Model& model, const Workload& workload) { return Lowering(model, workload).run(); }

}  // namespace lamina::plan
