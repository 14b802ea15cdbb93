#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/ops.hpp"

namespace lamina::reference {
namespace {

// Where a position's keys or values lie for one head.
struct Pages {
    const backend::CacheGeometry& geometry;
    float* cache;
    std::span<const std::int32_t> table;
    std::uint32_t layer;

    std::uint32_t page(std::uint32_t position) const {
        return static_cast<std::uint32_t>(table[position / backend::page_tokens]);
    }
    float* key(std::uint32_t position, std::uint32_t head) const {
        return cache + geometry.keys(layer, page(position), head) / sizeof(float) +
               std::size_t{position % backend::page_tokens} * geometry.key_dim;
    }
    float* value(std::uint32_t position, std::uint32_t head) const {
        return cache + geometry.values(layer, page(position), head) / sizeof(float) +
               std::size_t{position % backend::page_tokens} * geometry.value_stride() / sizeof(float);
    }
};

template <class Work>
void for_each_row(const backend::Step& step, Work work) {
    for (const auto& sequence : step.sequences) {
        for (std::uint32_t r = 0; r < sequence.rows; ++r)
            work(sequence, sequence.first_row + r, sequence.first_position + r);
    }
}

// One query head over positions [first, last]: scores, softmax with an optional sink, weighted sum of the
// values.
void attend(const backend::Attention& op, const Pages& pages, std::uint32_t kv_head, const float* query,
            float* out, std::uint32_t first, std::uint32_t last, const float* sink, double* scratch) {
    const auto& g = pages.geometry;
    double* const total = scratch;  // [value_dim]
    double* const scores = scratch + g.value_dim;
    double maximum = sink ? static_cast<double>(*sink) : -std::numeric_limits<double>::infinity();
    for (std::uint32_t p = first; p <= last; ++p) {
        double score = 0;
        const float* key = pages.key(p, kv_head);
        for (std::uint32_t i = 0; i < g.key_dim; ++i)
            score += static_cast<double>(query[i]) * static_cast<double>(key[i]);
        score *= static_cast<double>(op.scale);
        if (op.softcap > 0)
            score = static_cast<double>(op.softcap) * std::tanh(score / static_cast<double>(op.softcap));
        scores[p - first] = score;
        maximum = std::max(maximum, score);
    }
    double sum = sink ? std::exp(static_cast<double>(*sink) - maximum) : 0.0;
    std::fill_n(total, g.value_dim, 0.0);
    for (std::uint32_t p = first; p <= last; ++p) {
        const double weight = std::exp(scores[p - first] - maximum);
        const float* value = pages.value(p, kv_head);
        sum += weight;
        for (std::uint32_t i = 0; i < g.value_dim; ++i) total[i] += weight * static_cast<double>(value[i]);
    }
    for (std::uint32_t i = 0; i < g.value_dim; ++i) out[i] = static_cast<float>(total[i] / sum);
}

}  // namespace

void run(const backend::StoreKv& op, const Context& c) {
    const auto& g = c.program.caches[op.group];
    for_each_row(c.step, [&](const backend::SequenceRows& sequence, std::uint32_t row,
                             std::uint32_t position) {
        const Pages pages{g, c.caches[op.group], sequence.pages[op.group], op.layer};
        for (std::uint32_t h = 0; h < g.kv_heads; ++h) {
            std::copy_n(c.row(op.keys, row) + std::size_t{h} * g.key_dim, g.key_dim, pages.key(position, h));
            if (g.values_in_keys) continue;
            std::copy_n(c.row(op.values, row) + std::size_t{h} * g.value_dim, g.value_dim,
                        pages.value(position, h));
        }
    });
}

void run(const backend::Attention& op, const Context& c) {
    const auto& g = c.program.caches[op.group];
    const auto sinks = op.sinks == backend::no_weight ? std::vector<float>() : c.vector(op.sinks);
    const auto group_heads = op.heads / g.kv_heads;
    // Allocated here: work of a pool must not throw.
    std::size_t longest = 0;
    for (const auto& sequence : c.step.sequences) {
        longest = std::max(longest, std::size_t{sequence.first_position} + sequence.rows);
    }
    const std::size_t per_thread = g.value_dim + longest;
    std::vector<double> scratch(static_cast<std::size_t>(c.pool.threads()) * per_thread);
    const std::uint64_t products = longest * c.step.tokens.size() * op.heads * g.key_dim;
    share_out(c, products, [&](Worker worker) {
        const Range heads = range_of(op.heads, worker);
        for_each_row(c.step, [&](const auto& sequence, std::uint32_t row, std::uint32_t position) {
            const Pages pages{g, c.caches[op.group], sequence.pages[op.group], op.layer};
            const std::uint32_t first = g.window > 0 && position >= g.window ? position - g.window + 1 : 0;
            for (std::uint64_t h = heads.first; h < heads.last; ++h) {
                attend(op, pages, static_cast<std::uint32_t>(h / group_heads),
                       c.row(op.query, row) + h * g.key_dim, c.row(op.out, row) + h * g.value_dim, first,
                       position, sinks.empty() ? nullptr : &sinks[h],
                       scratch.data() + static_cast<std::size_t>(worker.thread) * per_thread);
            }
        });
    });
}

}  // namespace lamina::reference
