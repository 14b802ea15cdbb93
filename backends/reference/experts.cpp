// Mixtures of experts: the choice, the way there and back. backend/op.hpp and base/features.hpp say what.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "reference/ops.hpp"

namespace lamina::reference {
namespace {

void softmax(std::span<float> x) {
    const float highest = *std::max_element(x.begin(), x.end());
    float sum = 0;
    for (float& v : x) sum += v = std::exp(v - highest);
    for (float& v : x) v /= sum;
}

// How good each group of experts is by `scores`, see ExpertRouting::groups.
std::vector<float> group_scores(const backend::ExpertRouting& routing, std::span<const float> scores,
                                bool biased) {
    const std::size_t size = routing.experts / routing.groups;
    std::vector<float> out;
    for (std::size_t g = 0; g < routing.groups; ++g) {
        constexpr float none = -std::numeric_limits<float>::infinity();
        float first = none, second = none;
        for (std::size_t e = g * size; e < (g + 1) * size; ++e) {
            if (scores[e] > first) {
                second = first;
                first = scores[e];
            } else if (scores[e] > second) {
                second = scores[e];
            }
        }
        out.push_back(biased && size > 1 ? first + second : first);
    }
    return out;
}

// The indices of the `count` highest scores, best first.
std::vector<std::uint32_t> best(std::span<const float> scores, std::uint32_t count) {
    std::vector<std::uint32_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
    order.resize(count);
    return order;
}

// Experts of one row and their weights, best first.
void choose(const backend::ExpertRouting& routing, std::span<const float> logits,
            const std::vector<float>& bias, std::vector<std::uint32_t>& experts,
            std::vector<float>& weights) {
    std::vector<float> scores(logits.begin(), logits.end());
    if (routing.scoring == backend::ExpertScoring::softmax) softmax(scores);
    if (routing.scoring == backend::ExpertScoring::sigmoid) {
        for (float& x : scores) x = 1.0f / (1.0f + std::exp(-x));
    }
    std::vector<float> for_choice = scores;
    for (std::size_t e = 0; e < bias.size(); ++e) for_choice[e] += bias[e];
    for (float& x : for_choice) {
        if (std::isnan(x)) x = -std::numeric_limits<float>::infinity();  // comparable, and the weights tell
    }
    if (routing.groups_used < routing.groups) {
        const auto groups = best(group_scores(routing, for_choice, !bias.empty()), routing.groups_used);
        const std::size_t size = routing.experts / routing.groups;
        for (std::size_t e = 0; e < for_choice.size(); ++e) {
            if (std::find(groups.begin(), groups.end(), e / size) == groups.end())
                for_choice[e] = -std::numeric_limits<float>::infinity();
        }
    }
    experts = best(for_choice, routing.used);
    weights.clear();
    for (const auto e : experts) weights.push_back(scores[e]);
    if (routing.scoring == backend::ExpertScoring::softmax_chosen) softmax(weights);
    if (routing.normalise) {
        const float sum = std::accumulate(weights.begin(), weights.end(), 0.0f);
        for (float& w : weights) w /= std::max(sum, smallest_expert_sum);
    }
    for (float& w : weights) w *= routing.scale;
}

}  // namespace

void run(const backend::Route& op, const Context& c) {
    const auto& routing = c.program.routings[op.routing];
    const auto bias =
        op.selection_bias == backend::no_weight ? std::vector<float>() : c.vector(op.selection_bias);
    auto& out = c.routings[op.routing];
    const auto rows = static_cast<std::uint32_t>(c.rows(op.logits));
    std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> chosen(
        routing.experts);  // (row, choice)
    out.weight.clear();
    for (std::uint32_t r = 0; r < rows; ++r) {
        std::vector<std::uint32_t> experts;
        std::vector<float> weights;
        choose(routing, {c.row(op.logits, r), routing.experts}, bias, experts, weights);
        for (std::uint32_t j = 0; j < routing.used; ++j) chosen[experts[j]].push_back({r, j});
        out.weight.insert(out.weight.end(), weights.begin(), weights.end());
    }
    out.first.assign(1, 0);
    out.row.clear();
    out.pair.assign(std::size_t{rows} * routing.used, 0);
    for (const auto& pairs : chosen) {
        for (const auto& [row, choice] : pairs) {
            out.pair[std::size_t{row} * routing.used + choice] = static_cast<std::uint32_t>(out.row.size());
            out.row.push_back(row);
        }
        out.first.push_back(static_cast<std::uint32_t>(out.row.size()));
    }
}

void run(const backend::Dispatch& op, const Context& c) {
    const auto& routing = c.routings[op.routing];
    for (std::uint64_t p = 0; p < routing.row.size(); ++p)
        std::copy_n(c.row(op.in, routing.row[p]), c.width(op.out), c.row(op.out, p));
}

void run(const backend::Combine& op, const Context& c) {
    const auto& routing = c.routings[op.routing];
    const std::uint32_t used = c.program.routings[op.routing].used;
    for (std::uint64_t r = 0; r < c.rows(op.out); ++r) {
        float* out = c.row(op.out, r);
        std::fill_n(out, c.width(op.out), 0.0f);
        for (std::uint64_t j = r * used; j < (r + 1) * used; ++j) {
            const float* in = c.row(op.in, routing.pair[j]);
            for (std::uint32_t i = 0; i < c.width(op.out); ++i) out[i] += routing.weight[j] * in[i];
        }
    }
}

}  // namespace lamina::reference
