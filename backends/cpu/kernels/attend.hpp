// Softmax attention in one pass over the pages of the cache, with a running maximum (Dao et al.,
// FlashAttention, arXiv:2205.14135), as a template over a vector class. A page is widened to f32 once for all
// rows of a block. Lanes are dimensions, then tokens: attend_prefill.hpp has rows in its lanes.
#pragma once

#include "cpu/kernels/attend_pages.hpp"

namespace lamina::cpu {
namespace {

template <class V>
struct Attend {
    using Vec = typename V::Vec;
    using Pages = AttendPages<V>;
    using State = typename Pages::State;
    using Memory = typename Pages::Memory;
    using Page = typename Pages::Page;
    using Rows = typename Pages::Rows;

    // Computes the spans of a block: to `out`, or each to its place in `partials`.
    static void attend(const AttendBlock& b) {
        const Memory m = Pages::memory(b);
        load_queries(b, m.queries);
        if (b.partials != nullptr) {
            for (size_t span = b.first_span; span < b.last_span; ++span)
                span_of(b, m, span, partial(b, span));
            return;
        }
        Pages::reset(b, m.total);
        for (size_t span = b.first_span; span < b.last_span; ++span) {
            span_of(b, m, span, m.part);
            Pages::fold(b, m.total, m.part);
        }
        Pages::finish(b, m.total);
    }

    // Folds the spans [first_span, last_span) that lie in `partials` and writes `out`.
    static void combine(const AttendBlock& b) {
        const Memory m = Pages::memory(b);
        Pages::reset(b, m.total);
        for (size_t span = b.first_span; span < b.last_span; ++span)
            Pages::fold(b, m.total, partial(b, span));
        Pages::finish(b, m.total);
    }

  private:
    static size_t rows(const AttendBlock& b) { return Pages::rows(b); }
    static State partial(const AttendBlock& b, size_t span) {
        return Pages::state(b.partials +
                            (span - b.partials_span) * attend_state_floats(rows(b), b.value_dim));
    }

    static void load_queries(const AttendBlock& b, float* queries) {
        const size_t pad = attend_padded(b.key_dim);
        const Vec scale = V::broadcast(b.scale);
        for (size_t r = 0; r < rows(b); ++r) {
            const float* in = b.query + r / b.heads * b.query_stride + r % b.heads * b.key_dim;
            for (size_t i = 0; i < pad; i += V::width) {
                V::store(queries + r * pad + i, V::mul(load_f32(in + i, i, b.key_dim), scale));
            }
        }
    }

    // Elements [i, i + width) of a row of `dim`, zeros past its end.
    static Vec load_f32(const float* p, size_t i, size_t dim) {
        if (i + V::width <= dim) return V::load(p);
        return i < dim ? V::load_part(p, dim - i) : V::zero();
    }

    static void span_of(const AttendBlock& b, const Memory& m, size_t span, State s) {
        Pages::reset(b, s);
        Pages::walk(b, span, [&](Page page, Rows in_keys, Rows in_values) {
            const float* keys = Pages::widen(in_keys, b.type, b.key_dim, b.key_stride, page, m.tokens);
            scores(m.queries, keys, rows(b), attend_padded(b.key_dim), page, m.scores);
            for (size_t r = 0; r < rows(b); ++r) softmax(b, page, r, m.scores + r * attend_page, s);
            const float* values =
                Pages::widen(in_values, b.type, b.value_dim, b.value_stride, page, m.tokens);
            Pages::template accumulate<attend_page, 1>(m.scores, values, rows(b), attend_padded(b.value_dim),
                                                       page, s.weighted);
        });
    }

    // scores[r, t] = queries[r] . keys[t], V::width tokens at a time in one accumulator each.
    static void scores(const float* queries, const float* keys, size_t rows, size_t pad, Page page,
                       float* out) {
        for (size_t t0 = page.begin / V::width * V::width; t0 < page.end; t0 += V::width) {
            for (size_t r = 0; r < rows; ++r) {
                Vec sums[V::width];
#pragma GCC unroll 16
                for (size_t t = 0; t < V::width; ++t) sums[t] = V::zero();
                for (size_t i = 0; i < pad; i += V::width) {
                    const Vec query = V::load(queries + r * pad + i);
#pragma GCC unroll 16
                    for (size_t t = 0; t < V::width; ++t) {
                        sums[t] = V::mul_add(query, V::load(keys + (t0 + t) * pad + i), sums[t]);
                    }
                }
                V::store(out + r * attend_page + t0, V::sums(sums));
            }
        }
    }

    // Turns a row's scores of a page into weights relative to the new maximum; rescales what was summed
    // before.
    static void softmax(const AttendBlock& b, Page page, size_t row, float* scores, State s) {
        const size_t position = b.first_position + row / b.heads;
        const size_t reach = position + 1 - page.first_position;  // wraps where the page lies beyond the row
        const size_t lowest = b.window != 0 && position >= b.window ? position - b.window + 1 : 0;
        size_t end = position < page.first_position ? 0 : (reach < page.end ? reach : page.end);
        size_t begin = lowest > page.first_position ? lowest - page.first_position : 0;
        if (begin < page.begin) begin = page.begin;
        const size_t first = page.begin / V::width * V::width;
        if (begin >= end) {  // no token of this page is seen by this row
            for (size_t t = first; t < page.end; t += V::width) V::store(scores + t, V::zero());
            return;
        }
        Vec maximum = V::broadcast(s.maxima[row]);
        for (size_t t = first; t < page.end; t += V::width) {
            Vec x = V::load(scores + t);
            if (b.softcap > 0.0f) {
                x = V::mul(V::broadcast(b.softcap), Math<V>::tanh(V::mul(x, V::broadcast(1.0f / b.softcap))));
            }
            x = within(t, begin, end, x, V::broadcast(-3.0e38f));
            V::store(scores + t, x);
            maximum = V::max(x, maximum);
        }
        const float highest = V::maximum(maximum);
        Vec sum = V::zero();
        for (size_t t = first; t < page.end; t += V::width) {
            const Vec weight = Math<V>::exp(V::sub(V::load(scores + t), V::broadcast(highest)));
            const Vec seen = within(t, begin, end, weight, V::zero());
            V::store(scores + t, seen);
            sum = V::add(sum, seen);
        }
        if (highest != s.maxima[row]) {
            const Vec factor = Math<V>::exp(V::broadcast(s.maxima[row] - highest));
            s.sums[row] *= V::first(factor);
            s.maxima[row] = highest;
            const size_t pad = attend_padded(b.value_dim);
            float* weighted = s.weighted + row * pad;
            for (size_t i = 0; i < pad; i += V::width)
                V::store(weighted + i, V::mul(V::load(weighted + i), factor));
        }
        s.sums[row] += V::sum(sum);
    }

    // Lanes t + i in [begin, end) of x, `other` elsewhere.
    static Vec within(size_t t, size_t begin, size_t end, Vec x, Vec other) {
        if (begin <= t && t + V::width <= end) return x;
        const Vec token = V::add(V::indices(), V::broadcast(static_cast<float>(t)));
        const Vec below = V::select(V::less(token, V::broadcast(static_cast<float>(end))), x, other);
        return V::select(V::less(token, V::broadcast(static_cast<float>(begin))), other, below);
    }
};

}  // namespace
}  // namespace lamina::cpu
