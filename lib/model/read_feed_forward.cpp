#include "model/file_reader.hpp"

namespace lamina::model {
namespace {

ExpertScoring read_scoring(const FileReader& reader, const Architecture& row) {
    switch (reader.integer_or("expert_gating_func", 0, 3, 0)) {
        case 1: return ExpertScoring::softmax;
        case 2: return ExpertScoring::sigmoid;
        case 3: return ExpertScoring::softmax_chosen;
        default: return row.scoring;
    }
}

ExpertRouting read_routing(const FileReader& reader, const Architecture& row) {
    ExpertRouting r;
    r.experts = reader.integer("expert_count", 1, max_experts);
    r.used = reader.integer("expert_used_count", 1, r.experts);
    r.scoring = read_scoring(reader, row);
    r.groups = reader.integer_or("expert_group_count", 0, r.experts, 1);
    if (r.groups == 0) r.groups = 1;
    if (r.experts % r.groups != 0) {
        reader.errors().fail(ErrorCode::bad_file, reader.key("expert_group_count"),
                             "a divisor of " + std::to_string(r.experts), std::to_string(r.groups));
    }
    r.groups_used = reader.integer_or("expert_group_used_count", 0, r.groups, r.groups);
    if (r.groups_used == 0) r.groups_used = r.groups;
    if (r.used > r.experts / r.groups * r.groups_used) {
        reader.errors().fail(ErrorCode::bad_file, reader.key("expert_used_count"),
                             "at most the " + std::to_string(r.experts / r.groups * r.groups_used) +
                                 " experts of the groups that are used",
                             std::to_string(r.used));
    }
    r.normalise = reader.file().boolean(reader.key("expert_weights_norm")).value_or(row.normalised_experts);
    r.scale = reader.real_or("expert_weights_scale", 0.0, 1e6, 1.0);
    if (r.scale == 0) r.scale = 1.0f;
    return r;
}

// gate, up, down of `width`: [width, hidden_size] and [hidden_size, width], `matrices` of each.
void read_network(const FileReader& reader, const Architecture& row, const Place& prefix,
                  std::string_view suffix, std::uint64_t width, std::uint64_t hidden_size,
                  std::uint64_t matrices, LinearRef& gate, LinearRef& up, LinearRef& down) {
    const Place gate_place = prefix + "gate" + suffix, up_place = prefix + "up" + suffix;
    const bool fused = row.gated && matrices == 1 && !reader.has_tensor(gate_place) &&
                       reader.has_tensor(up_place) && reader.tensor(up_place).rows() == 2 * width;
    if (fused) {  // the gate's rows first
        const auto both = reader.linear(up_place, 2 * width, hidden_size);
        gate = slice(both, 0, width, gate_place.role);
        up = slice(both, width, width, up_place.role);
    } else {
        if (row.gated) gate = reader.linear(gate_place, width, hidden_size, matrices);
        up = reader.linear(up_place, width, hidden_size, matrices);
    }
    down = reader.linear(prefix + "down" + suffix, hidden_size, width, matrices);
}

void read_experts(const FileReader& reader, const Architecture& row, std::uint32_t layer, const Place& block,
                  std::uint64_t hidden_size, ExpertsConfig& e, FeedForwardWeights& w) {
    e.routing = read_routing(reader, row);
    e.width = reader.has("expert_feed_forward_length")
                  ? reader.per_layer("expert_feed_forward_length", layer, 1, max_width)
                  : reader.per_layer("feed_forward_length", layer, 1, max_width);
    w.router = reader.linear(block + "ffn_gate_inp", e.routing.experts, hidden_size);
    w.selection_bias = reader.optional_vector(block + "exp_probs_b", bias_suffix, e.routing.experts);
    read_network(reader, row, block + "ffn_", "_exps", e.width, hidden_size, e.routing.experts, w.gate, w.up,
                 w.down);
    if (!reader.has_tensor(block + "ffn_up_shexp")) return;
    e.shared_width = reader.has("expert_shared_feed_forward_length")
                         ? reader.integer("expert_shared_feed_forward_length", 1, max_width)
                         : static_cast<std::uint32_t>(std::uint64_t{e.width} *
                                                      reader.integer("expert_shared_count", 1, 64));
    read_network(reader, row, block + "ffn_", "_shexp", e.shared_width, hidden_size, 1, w.shared_gate,
                 w.shared_up, w.shared_down);
    const Place shared_router = block + "ffn_gate_inp_shexp";
    if (!reader.has_tensor(shared_router)) return;
    const bool as_vector = reader.tensor(shared_router).shape.size() == 1;
    w.shared_router = as_vector ? reader.optional_vector(shared_router, weight_suffix, hidden_size)
                                : reader.matrix(shared_router, 1, hidden_size);
}

}  // namespace

void read_feed_forward(const FileReader& reader, const Architecture& row, const Config& config,
                       std::uint32_t layer, FeedForwardConfig& f, FeedForwardWeights& w) {
    const Place block{layer};
    f.activation = row.activation;
    f.gated = row.gated;
    const bool has_experts = reader.integer_or("expert_count", 0, max_experts, 0) > 0 &&
                             layer >= reader.integer_or("leading_dense_block_count", 0, max_layers, 0);
    if (has_experts) {
        read_experts(reader, row, layer, block, config.hidden_size, f.experts.emplace(), w);
        return;
    }
    f.width = reader.per_layer("feed_forward_length", layer, 1, max_width);
    read_network(reader, row, block + "ffn_", "", f.width, config.hidden_size, 1, w.gate, w.up, w.down);
}

}  // namespace lamina::model
