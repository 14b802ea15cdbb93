// What the sampler should draw from, written down plainly in double precision with full sorts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "lamina/sampling.hpp"

namespace lamina::sample::test {

inline std::vector<double> naive_edited(const std::vector<float>& logits, const SamplingParams& p,
                                        const std::vector<TokenId>& history) {
    std::vector<double> out(logits.begin(), logits.end());
    for (const auto& [token, bias] : p.logit_bias) out[static_cast<std::size_t>(token)] += double{bias};
    std::vector<double> counts(logits.size());
    const std::size_t first = history.size() > p.penalty_window ? history.size() - p.penalty_window : 0;
    for (std::size_t i = first; i < history.size(); ++i) counts[static_cast<std::size_t>(history[i])] += 1;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (counts[i] == 0) continue;
        out[i] = out[i] > 0 ? out[i] / double{p.repetition_penalty} : out[i] * double{p.repetition_penalty};
        out[i] -= double{p.presence_penalty} + counts[i] * double{p.frequency_penalty};
    }
    return out;
}

// The probability of every token.
inline std::vector<double> naive_distribution(const std::vector<float>& raw, const SamplingParams& p,
                                              const std::vector<TokenId>& history = {}) {
    const auto logits = naive_edited(raw, p, history);
    std::vector<std::size_t> order(logits.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return logits[a] > logits[b]; });
    while (!order.empty() && std::isinf(logits[order.back()])) order.pop_back();
    std::vector<double> out(logits.size());
    if (p.temperature == 0) {
        out[order[0]] = 1;
        return out;
    }
    const double maximum = logits[order[0]];
    if (p.top_k > 0 && p.top_k < order.size()) order.resize(p.top_k);
    double total = 0, sum = 0;
    for (auto i : order) total += std::exp(logits[i] - maximum);
    std::size_t kept = 0;
    while (kept < order.size() && (p.top_p >= 1 || sum < double{p.top_p} * total)) {
        sum += std::exp(logits[order[kept++]] - maximum);
    }
    order.resize(kept);
    while (std::exp(logits[order.back()] - maximum) < double{p.min_p}) order.pop_back();
    double weights = 0;
    for (auto i : order) weights += out[i] = std::exp((logits[i] - maximum) / double{p.temperature});
    for (double& x : out) x /= weights;
    return out;
}

}  // namespace lamina::sample::test
