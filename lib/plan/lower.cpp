#include <algorithm>
#include <map>
#include <tuple>

#include "plan/plan.hpp"

namespace lamina::plan {
namespace {

using namespace backend;

// Writes the program op by op. A layer reads top to bottom in layer(), a branch in attention() and
// feed_forward().
class Lowering {
  public:
    Lowering(const model::Model& model, const Workload& workload) : model_(model), workload_(workload) {
        lowered_.program.max_rows = workload.batch_tokens;
        lowered_.program.max_outputs = workload.logit_rows;
        lowered_.program.max_position = workload.context;
        for (const auto& rope : model.config.ropes)
            lowered_.program.ropes.push_back(model::make_rope(rope, workload.context));
    }

    Lowered run() {
        const auto& config = model_.config;
        residual_ = slot("residual", config.hidden_size);
        normed_ = slot("normed", config.hidden_size);
        branch_ = slot("branch", config.hidden_size);
        op(Embed{weight(model_.token_embedding), residual_, config.embedding_scale});
        for (const auto& l : model_.layers) layer(l);
        lowered_.program.layers.push_back(lowered_.program.ops.size());
        norm(residual_, normed_, model_.output_norm, config.hidden_size);
        lowered_.program.hidden = normed_;
        lowered_.program.head = lowered_.program.ops.size();
        const Slot last = slot("output rows", config.hidden_size, Rows::outputs);
        op(Gather{normed_, last});
        lowered_.program.logits = slot("logits", config.vocabulary, Rows::outputs);
        op(Linear{last, weight(model_.output), no_weight, lowered_.program.logits});
        if (config.logit_scale != 1.0f || config.logit_softcap > 0) {
            op(Scale{lowered_.program.logits, config.logit_scale, config.logit_softcap});
        }
        return std::move(lowered_);
    }

  private:
    // Each branch: normed before, computed, normed after, added.
    void layer(const model::Layer& layer) {
        lowered_.program.layers.push_back(lowered_.program.ops.size());
        const Slot in = branch_input(layer.attention_norm);
        attention(layer.attention, layer.attention_weights, in);
        add_branch(layer.attention_post_norm);
        feed_forward(layer.feed_forward, layer.feed_forward_weights,
                     layer.parallel ? in : branch_input(layer.feed_forward_norm));
        add_branch(layer.feed_forward_post_norm);
    }

    Slot branch_input(const model::NormRef& w) {
        if (!w) return residual_;
        norm(residual_, normed_, w, model_.config.hidden_size);
        return normed_;
    }

    void add_branch(const model::NormRef& post) {
        if (post) norm(branch_, branch_, post, model_.config.hidden_size);
        op(Add{residual_, branch_, residual_, model_.config.residual_scale});
    }

    // in -> branch_
    void attention(const model::AttentionConfig& a, const model::AttentionWeights& w, Slot in) {
        const Slot query = shared("query", a.heads * a.key_dim);
        const Slot key = shared("key", a.kv_heads * a.key_dim);
        const Slot attended = shared("attention", a.heads * a.value_dim);
        const auto [group, index] = cache_layer(a);
        if (a.latent) {
            latent_query(a, w, in, query);
            latent_key(a, w, in, key);
            op(StoreKv{key, key, group, index});
        } else {
            const Slot value = shared("value", a.kv_heads * a.value_dim);
            linear(in, w.query, query);
            linear(in, w.key, key);
            value_projection(in, w.value, value);
            head_norm(query, w.query_norm, w.norm_heads ? a.key_dim : a.heads * a.key_dim);
            head_norm(key, w.key_norm, w.norm_heads ? a.key_dim : a.kv_heads * a.key_dim);
            if (a.rope) {
                op(Rope{query, a.heads, a.key_dim, *a.rope});
                op(Rope{key, a.kv_heads, a.key_dim, *a.rope});
            }
            op(StoreKv{key, value, group, index});
        }
        op(Attention{query, attended, group, index, a.heads, a.scale, a.softcap, optional(w.sinks)});
        linear(a.latent ? expanded_values(a, w, attended) : attended, w.output, branch_);
    }

    // A query head is its part without positions, brought into the space of the latents, and its rotated
    // part.
    void latent_query(const model::AttentionConfig& a, const model::AttentionWeights& w, Slot in,
                      Slot query) {
        const auto& l = *a.latent;
        const std::uint32_t head = l.nope_dim + l.rope_dim;
        if (w.query_down) {
            const Slot down = shared("compressed query", l.q_lora_rank);
            linear(in, {w.query_down, {}}, down);
            norm(down, down, w.query_down_norm, l.q_lora_rank);
            in = down;
        }
        const Slot whole = shared("whole query", a.heads * head);
        linear(in, w.query, whole);
        const Slot nope = copies("nope query", l.nope_dim, a.heads),
                   latent = copies("latent query", l.kv_lora_rank, a.heads);
        op(StridedCopy{{whole, head, 0}, {nope}, a.heads, l.nope_dim});
        linear(nope, {w.query_absorb, {}}, latent);
        op(StridedCopy{{latent}, {query, a.key_dim, 0}, a.heads, l.kv_lora_rank});
        op(StridedCopy{{whole, head, l.nope_dim}, {query, a.key_dim, l.kv_lora_rank}, a.heads, l.rope_dim});
        if (a.rope) op(Rope{query, a.heads, a.key_dim, *a.rope, l.kv_lora_rank});
    }

    void latent_key(const model::AttentionConfig& a, const model::AttentionWeights& w, Slot in, Slot key) {
        const auto& l = *a.latent;
        const Slot latent = shared("latent", l.kv_lora_rank), rotated = shared("rope key", l.rope_dim);
        value_projection(in, {w.latent_down, {}}, latent);
        linear(in, {w.key_rope, {}}, rotated);
        norm(latent, latent, w.latent_norm, l.kv_lora_rank);
        op(StridedCopy{{latent, 0, 0}, {key, 0, 0}, 1, l.kv_lora_rank});
        op(StridedCopy{{rotated, 0, 0}, {key, 0, l.kv_lora_rank}, 1, l.rope_dim});
        if (a.rope) op(Rope{key, 1, a.key_dim, *a.rope, l.kv_lora_rank});
    }

    Slot expanded_values(const model::AttentionConfig& a, const model::AttentionWeights& w, Slot attended) {
        const auto& l = *a.latent;
        const Slot latent = copies("attention latents", l.kv_lora_rank, a.heads),
                   value = copies("values", l.value_dim, a.heads);
        op(StridedCopy{{attended, l.kv_lora_rank, 0}, {latent}, a.heads, l.kv_lora_rank});
        linear(latent, {w.value_expand, {}}, value);
        const Slot out = shared("expanded", a.heads * l.value_dim);
        op(StridedCopy{{value}, {out, l.value_dim, 0}, a.heads, l.value_dim});
        return out;
    }

    // in -> branch_
    void feed_forward(const model::FeedForwardConfig& f, const model::FeedForwardWeights& w, Slot in) {
        if (!f.experts) return network(f, f.width, w.gate, w.up, w.down, in, branch_);
        experts(f, w, in);
        if (f.experts->shared_width == 0) return;
        const Slot out = shared("shared expert", model_.config.hidden_size);
        network(f, f.experts->shared_width, w.shared_gate, w.shared_up, w.shared_down, in, out);
        if (w.shared_router) {
            const Slot gate = shared("shared router", 1);
            linear(in, {w.shared_router, {}}, gate);
            op(Gate{out, gate});
        }
        op(Add{branch_, out, branch_});
    }

    void network(const model::FeedForwardConfig& f, std::uint32_t width, const model::LinearRef& gate_weight,
                 const model::LinearRef& up_weight, const model::LinearRef& down_weight, Slot in, Slot out) {
        const Slot up = shared("up", width);
        const Slot gate = f.gated ? shared("gate", width) : up;
        if (f.gated) linear(in, gate_weight, gate);
        linear(in, up_weight, up);
        op(Activate{gate, up, gate, f.activation, f.gated});
        linear(gate, down_weight, out);
    }

    // Rows go to the experts that they chose, sorted by expert, and come back weighted.
    void experts(const model::FeedForwardConfig& f, const model::FeedForwardWeights& w, Slot in) {
        const auto& e = *f.experts;
        const RoutingId id = routing(e.routing);
        const Slot logits = shared("router", e.routing.experts);
        linear(in, w.router, logits);
        op(Route{logits, id, optional(w.selection_bias)});
        const auto hidden_size = model_.config.hidden_size;
        const Slot rows = copies("expert rows", hidden_size, e.routing.used);
        const Slot up = copies("expert up", e.width, e.routing.used);
        const Slot gate = f.gated ? copies("expert gate", e.width, e.routing.used) : up;
        op(Dispatch{in, rows, id});
        if (f.gated) linear(rows, w.gate, gate, id);
        linear(rows, w.up, up, id);
        op(Activate{gate, up, gate, f.activation, f.gated});
        linear(gate, w.down, rows, id);
        op(Combine{rows, branch_, id});
    }

    void linear(Slot in, const model::LinearRef& w, Slot out, RoutingId routing = no_routing) {
        op(Linear{in, weight(w.weight), optional(w.bias), out, routing});
    }

    // What this op writes stays in the cache. Not for keys: errors of scores move weights between tokens,
    // errors of values add up whole.
    void value_projection(Slot in, const model::LinearRef& w, Slot out) {
        lowered_.value_projections.push_back(lowered_.program.ops.size());
        linear(in, w, out);
    }

    void norm(Slot in, Slot out, const model::NormRef& w, std::uint32_t group) {
        op(Norm{in, out, weight(w.weight), optional(w.bias), group, model_.config.norm_epsilon,
                model_.config.centered_norms});
    }
    void head_norm(Slot x, const model::NormRef& w, std::uint32_t group) {
        if (w) norm(x, x, w, group);
    }

    void op(Op op) { lowered_.program.ops.push_back(op); }

    Slot slot(const char* name, std::uint32_t width, Rows rows = Rows::all, std::uint32_t copies = 1) {
        lowered_.program.slot_names.emplace_back(name);
        lowered_.program.slots.push_back({width, rows, copies});
        return static_cast<Slot>(lowered_.program.slots.size() - 1);
    }

    // Temporaries of one use and shape serve every layer.
    Slot shared(const char* use, std::uint32_t width) { return copies(use, width, 1); }
    Slot copies(const char* use, std::uint32_t width, std::uint32_t count) {
        const auto [found, added] = shared_.try_emplace({use, width, count}, 0);
        if (added) found->second = slot(use, width, Rows::all, count);
        return found->second;
    }

    RoutingId routing(const ExpertRouting& wanted) {
        auto& all = lowered_.program.routings;
        auto found = std::find(all.begin(), all.end(), wanted);
        if (found == all.end()) found = all.insert(found, wanted);
        return static_cast<RoutingId>(found - all.begin());
    }

    // A weight used twice (tied embeddings) is held once.
    WeightId weight(const model::WeightRef& ref) {
        const auto [found, added] =
            weights_.try_emplace({ref.index, ref.first_element, ref.rows, ref.columns},
                                 static_cast<WeightId>(lowered_.sources.size()));
        if (added) {
            lowered_.program.weights.push_back({.name = ref.tensor->name,
                                                .layer = ref.layer,
                                                .role = ref.role,
                                                .type = ref.tensor->type,
                                                .matrices = ref.matrices,
                                                .rows = ref.rows,
                                                .columns = ref.columns});
            lowered_.sources.push_back({ref.index, ref.first_element});
        }
        return found->second;
    }
    WeightId optional(const model::WeightRef& ref) { return ref ? weight(ref) : no_weight; }

    // Layers that remember the same kind of thing share a cache group.
    std::pair<std::uint32_t, std::uint32_t> cache_layer(const model::AttentionConfig& a) {
        const CacheGeometry wanted{.kv_heads = a.kv_heads,
                                   .key_dim = a.key_dim,
                                   .value_dim = a.value_dim,
                                   .window = a.window,
                                   .values_in_keys = a.latent.has_value()};
        const auto same = [&](const CacheGeometry& g) {
            return g.kv_heads == wanted.kv_heads && g.key_dim == wanted.key_dim &&
                   g.value_dim == wanted.value_dim && g.window == wanted.window &&
                   g.values_in_keys == wanted.values_in_keys;
        };
        auto found = std::find_if(lowered_.program.caches.begin(), lowered_.program.caches.end(), same);
        if (found == lowered_.program.caches.end()) {
            found = lowered_.program.caches.insert(found, wanted);
            found->pages =
                pages_needed(a.window, workload_.sequences, workload_.context, workload_.batch_tokens);
        }
        return {static_cast<std::uint32_t>(found - lowered_.program.caches.begin()), found->layers++};
    }

    const model::Model& model_;
    const Workload& workload_;
    Lowered lowered_;
    std::map<std::tuple<std::string, std::uint32_t, std::uint32_t>, Slot> shared_;
    std::map<std::tuple<std::size_t, std::uint64_t, std::uint64_t, std::uint64_t>, WeightId> weights_;
    Slot residual_ = 0, normed_ = 0, branch_ = 0;
};

}  // namespace

Lowered lower(const model::Model& model, const Workload& workload) { return Lowering(model, workload).run(); }

}  // namespace lamina::plan
