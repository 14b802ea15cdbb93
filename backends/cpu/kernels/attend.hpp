// Softmax attention in one pass over the pages of the cache, with a running maximum (Dao et al.,
// FlashAttention, arXiv:2205.14135), as a template over a vector class. A page is widened to f32 once for all
// rows of a block.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cpu/kernels/attend_block.hpp"
#include "cpu/kernels/math.hpp"

namespace lamina::cpu {

template <class V>
struct Attend {
    using Vec = typename V::Vec;

    // Computes the spans of a block: to `out`, or each to its place in `partials`.
    static void attend(const AttendBlock& b) {
        const Memory m = memory(b);
        load_queries(b, m.queries);
        if (b.partials != nullptr) {
            for (size_t span = b.first_span; span < b.last_span; ++span)
                span_of(b, m, span, partial(b, span));
            return;
        }
        reset(b, m.total);
        for (size_t span = b.first_span; span < b.last_span; ++span) {
            span_of(b, m, span, m.part);
            fold(b, m.total, m.part);
        }
        finish(b, m.total);
    }

    // Folds the spans [first_span, last_span) that lie in `partials` and writes `out`.
    static void combine(const AttendBlock& b) {
        const Memory m = memory(b);
        reset(b, m.total);
        for (size_t span = b.first_span; span < b.last_span; ++span) fold(b, m.total, partial(b, span));
        finish(b, m.total);
    }

  private:
    struct State {
        float* maxima;    // [rows]
        float* sums;      // [rows]
        float* weighted;  // [rows, padded value_dim]
    };
    struct Memory {
        float* queries;  // [rows, padded key_dim], scaled
        float* tokens;   // [attend_page, padded key_dim or value_dim]: keys, then values
        float* scores;   // [rows, attend_page]
        State part, total;
    };
    // The tokens of a page that some row of the block sees.
    struct Page {
        size_t first_position;  // of the page
        size_t begin, end;      // within it
    };
    // Where a page's rows lie in the cache, and those of the page after it.
    struct Rows {
        const unsigned char *at, *ahead;
    };

    static size_t rows(const AttendBlock& b) { return b.tokens * b.heads; }
    static State state(float* p) { return {p, p + attend_rows, p + 2 * attend_rows}; }
    static State partial(const AttendBlock& b, size_t span) {
        return state(b.partials + (span - b.partials_span) * attend_state_floats(rows(b), b.value_dim));
    }
    static Memory memory(const AttendBlock& b) {
        Memory m;
        m.queries = b.scratch;
        m.tokens = m.queries + attend_rows * attend_padded(b.key_dim);
        m.scores = m.tokens + attend_page * attend_padded(attend_wider(b.key_dim, b.value_dim));
        float* states = m.scores + attend_rows * attend_page;
        m.part = state(states);
        m.total = state(states + attend_state_floats(attend_rows, b.value_dim));
        return m;
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

    static void reset(const AttendBlock& b, State s) {
        for (size_t r = 0; r < rows(b); ++r) {
            s.maxima[r] = -3.0e38f;  // below every score, and finite: differences of maxima are never NaN
            s.sums[r] = 0.0f;
        }
        const size_t count = rows(b) * attend_padded(b.value_dim);
        for (size_t i = 0; i < count; i += V::width) V::store(s.weighted + i, V::zero());
    }

    static void span_of(const AttendBlock& b, const Memory& m, size_t span, State s) {
        reset(b, s);
        const size_t lowest =
            b.window != 0 && b.first_position >= b.window ? b.first_position - b.window + 1 : 0;
        const size_t past = b.first_position + b.tokens;
        const size_t begin = span * attend_span > lowest ? span * attend_span : lowest;
        const size_t end = (span + 1) * attend_span < past ? (span + 1) * attend_span : past;
        for (size_t page = begin / attend_page; page * attend_page < end; ++page) {
            const size_t first = page * attend_page;
            const Page tokens = {first, begin > first ? begin - first : 0,
                                 end - first < attend_page ? end - first : attend_page};
            const size_t next = first + attend_page < past ? page + 1 : page;
            page_of(b, m, tokens, static_cast<size_t>(b.pages[page]) * b.page_stride,
                    static_cast<size_t>(b.pages[next]) * b.page_stride, s);
        }
    }

    static void page_of(const AttendBlock& b, const Memory& m, Page page, size_t offset, size_t next,
                        State s) {
        const Rows in_keys = {b.keys + offset, b.keys + next},
                   in_values = {b.values + offset, b.values + next};
        const float* keys = widen(in_keys, b.type, b.key_dim, b.key_stride, page, m.tokens);
        scores(m.queries, keys, rows(b), attend_padded(b.key_dim), page, m.scores);
        for (size_t r = 0; r < rows(b); ++r) softmax(b, page, r, m.scores + r * attend_page, s);
        const float* values = widen(in_values, b.type, b.value_dim, b.value_stride, page, m.tokens);
        accumulate(m.scores, values, rows(b), attend_padded(b.value_dim), page, s.weighted);
    }

    // The page's rows as f32 of padded width. Rows that no row of the block looks at hold anything: their
    // scores are replaced in softmax and their values never read.
    static const float* widen(Rows in, AttendType type, size_t dim, size_t stride, Page page, float* out) {
        switch (type) {
            case AttendType::f32:
                if (attend_padded(dim) * sizeof(float) == stride) {
                    for (size_t t = 0; t < attend_page; ++t) fetch(in.ahead + t * stride, stride);
                    return reinterpret_cast<const float*>(in.at);
                }
                widen_rows<float>(in, page, dim, stride, out, [](const float* p) { return V::load(p); });
                break;
            case AttendType::f16:
                widen_rows<uint16_t>(in, page, dim, stride, out,
                                     [](const uint16_t* p) { return V::load_f16(p); });
                break;
            case AttendType::bf16:
                widen_rows<uint16_t>(in, page, dim, stride, out,
                                     [](const uint16_t* p) { return V::load_bf16(p); });
                break;
            case AttendType::q8_0: widen_blocks(in, page, dim, stride, out); break;
        }
        return out;
    }

    // Pages of a sequence lie far apart, where the processor does not look ahead by itself: the next one is
    // fetched while this one is widened.
    template <class Element, class Load>
    static void widen_rows(Rows in, Page page, size_t dim, size_t stride, float* out, Load load) {
        const size_t pad = attend_padded(dim), whole = dim / V::width * V::width;
        for (size_t t = page.begin; t < page.end; ++t) {
            fetch(in.ahead + t * stride, stride);
            const auto* row = reinterpret_cast<const Element*>(in.at + t * stride);
            float* to = out + t * pad;
            for (size_t i = 0; i < whole; i += V::width) V::store(to + i, load(row + i));
            for (size_t i = whole; i < pad; i += V::width) {
                Element part[V::width] = {};
                for (size_t j = 0; i + j < dim && j < V::width; ++j) part[j] = row[i + j];
                V::store(to + i, load(part));
            }
        }
    }
    // Blocks of a scale and 32 codes, the last one filled up with zeros.
    static void widen_blocks(Rows in, Page page, size_t dim, size_t stride, float* out) {
        const size_t pad = attend_padded(dim);
        for (size_t t = page.begin; t < page.end; ++t) {
            fetch(in.ahead + t * stride, stride);
            float* to = out + t * pad;
            for (size_t i = 0; i < pad; i += V::width) {
                const unsigned char* block = in.at + t * stride + i / 32 * 34;
                V::store(to + i, V::mul(V::broadcast_f16(block), V::load_i8(block + 2 + i % 32)));
            }
        }
    }
    static void fetch(const unsigned char* row, size_t bytes) {
        for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(row + i, 0, 3);
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

    // weighted[r] += sum over t of weights[r, t] * values[t]; every element in the order of t.
    static void accumulate(const float* weights, const float* values, size_t rows, size_t pad, Page page,
                           float* weighted) {
        constexpr size_t block = V::registers >= 32 ? 4 : 2;
        size_t r = 0;
        for (; r + block <= rows; r += block) {
            accumulate_rows<block>(weights + r * attend_page, values, pad, page, weighted + r * pad);
        }
        for (; r < rows; ++r)
            accumulate_rows<1>(weights + r * attend_page, values, pad, page, weighted + r * pad);
    }
    template <size_t count>
    static void accumulate_rows(const float* weights, const float* values, size_t pad, Page page,
                                float* weighted) {
        size_t i = 0;
        for (; i + 4 * V::width <= pad; i += 4 * V::width) {
            accumulate_tile<count, 4>(weights, values + i, pad, page, weighted + i);
        }
        for (; i < pad; i += V::width)
            accumulate_tile<count, 1>(weights, values + i, pad, page, weighted + i);
    }
    template <size_t count, size_t vectors>
    static void accumulate_tile(const float* weights, const float* values, size_t pad, Page page,
                                float* weighted) {
        Vec sums[count][vectors];
#pragma GCC unroll 4
        for (size_t r = 0; r < count; ++r) {
#pragma GCC unroll 4
            for (size_t v = 0; v < vectors; ++v) sums[r][v] = V::load(weighted + r * pad + v * V::width);
        }
        for (size_t t = page.begin; t < page.end; ++t) {
            Vec value[vectors];
#pragma GCC unroll 4
            for (size_t v = 0; v < vectors; ++v) value[v] = V::load(values + t * pad + v * V::width);
#pragma GCC unroll 4
            for (size_t r = 0; r < count; ++r) {
                const Vec weight = V::broadcast(weights[r * attend_page + t]);
#pragma GCC unroll 4
                for (size_t v = 0; v < vectors; ++v) sums[r][v] = V::mul_add(weight, value[v], sums[r][v]);
            }
        }
#pragma GCC unroll 4
        for (size_t r = 0; r < count; ++r) {
#pragma GCC unroll 4
            for (size_t v = 0; v < vectors; ++v) V::store(weighted + r * pad + v * V::width, sums[r][v]);
        }
    }

    // total and part relative to their common maximum, added.
    static void fold(const AttendBlock& b, State total, State part) {
        const size_t pad = attend_padded(b.value_dim);
        for (size_t r = 0; r < rows(b); ++r) {
            const float highest = total.maxima[r] > part.maxima[r] ? total.maxima[r] : part.maxima[r];
            const Vec a = Math<V>::exp(V::broadcast(total.maxima[r] - highest));
            const Vec c = Math<V>::exp(V::broadcast(part.maxima[r] - highest));
            total.maxima[r] = highest;
            total.sums[r] = total.sums[r] * V::first(a) + part.sums[r] * V::first(c);
            float* to = total.weighted + r * pad;
            const float* from = part.weighted + r * pad;
            for (size_t i = 0; i < pad; i += V::width) {
                V::store(to + i, V::mul_add(V::load(from + i), c, V::mul(V::load(to + i), a)));
            }
        }
    }

    // Divides by the sums, to which a sink adds its share, and writes the rows.
    static void finish(const AttendBlock& b, State s) {
        const size_t pad = attend_padded(b.value_dim);
        for (size_t r = 0; r < rows(b); ++r) {
            const size_t head = r % b.heads;
            float factor = 1.0f, sum = s.sums[r];
            if (b.sinks != nullptr) {
                const float sink = b.sinks[head], highest = sink > s.maxima[r] ? sink : s.maxima[r];
                factor = V::first(Math<V>::exp(V::broadcast(s.maxima[r] - highest)));
                sum = sum * factor + V::first(Math<V>::exp(V::broadcast(sink - highest)));
            }
            const Vec scale = V::broadcast(factor / sum);
            float* out = b.out + r / b.heads * b.out_stride + head * b.value_dim;
            const float* weighted = s.weighted + r * pad;
            for (size_t i = 0; i < b.value_dim; i += V::width) {
                const Vec x = V::mul(V::load(weighted + i), scale);
                if (i + V::width <= b.value_dim) {
                    V::store(out + i, x);
                } else {
                    V::store_part(out + i, x, b.value_dim - i);
                }
            }
        }
    }
};

}  // namespace lamina::cpu
