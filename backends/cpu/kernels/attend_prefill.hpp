// attend.hpp for many rows at a time, as in prefill: lanes are rows, so that neither products nor softmax add
// or compare across lanes.
#pragma once

#include "cpu/kernels/attend_pages.hpp"

namespace lamina::cpu {
namespace {

// Vectors added in the order in which V::sum adds the lanes of one: x[i] + x[i + count / 2], and so on.
template <class V>
typename V::Vec add_as_sum(typename V::Vec* x) {
    for (size_t half = V::width / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
        for (size_t i = 0; i < half; ++i) x[i] = V::add(x[i], x[i + half]);
    }
    return x[0];
}

// The two products in f32; attend_pairs.hpp has them in bf16. With `alone` the bits are those of attend.hpp:
// what that adds in a lane is added here by itself, then the sums as vectors add their lanes.
template <class V, bool alone>
struct FloatProducts {
    using Vec = typename V::Vec;
    using Pages = AttendPages<V>;
    using Memory = typename Pages::Memory;
    using Page = typename Pages::Page;
    using Rows = typename Pages::Rows;

    static constexpr bool as_alone = alone;  // the bits of a row alone are wanted

    static void begin() {}
    static void end() {}

    // [padded key_dim, attend_rows], zeros beside what there is.
    static void load_queries(const AttendBlock& b, float* queries) {
        const size_t rows = Pages::rows(b);
        const float* in[attend_rows];
        for (size_t r = 0; r < rows; ++r)
            in[r] = b.query + r / b.heads * b.query_stride + r % b.heads * b.key_dim;
        for (size_t i = 0; i < b.key_dim; ++i) {
            float* to = queries + i * attend_rows;
            for (size_t r = 0; r < rows; ++r) to[r] = in[r][i] * b.scale;
            for (size_t r = rows; r < attend_rows; ++r) to[r] = 0.0f;
        }
        const size_t end = attend_padded(b.key_dim) * attend_rows;
        for (size_t i = b.key_dim * attend_rows; i < end; ++i) queries[i] = 0.0f;
    }

    // m.scores[t, r] = queries[r] . keys[t]. Tokens that no row sees get any value.
    static void scores(const AttendBlock& b, const Memory& m, Rows in, Page page) {
        constexpr size_t tokens = V::registers >= 32 ? 8 : 4;
        const float* keys = Pages::widen(in, b.type, b.key_dim, b.key_stride, page, m.tokens);
        const size_t rows = Pages::rows(b), pad = attend_padded(b.key_dim);
        for (size_t t = page.begin / tokens * tokens; t < page.end; t += tokens) {
            const float* key = keys + t * pad;
            float* to = m.scores + t * attend_rows;
            size_t r = 0;
            for (; r + V::width < rows; r += 2 * V::width) {
                constexpr size_t some = alone ? tokens / 2 : tokens;  // sums of a few lanes need registers
                for (size_t i = 0; i < tokens; i += some)
                    tile<some, 2>(m.queries + r, key + i * pad, pad, to + i * attend_rows + r);
            }
            if (r < rows) tile<tokens, 1>(m.queries + r, key, pad, to + r);
        }
    }

    // weighted[r] += sum over t of m.scores[t, r] * values[t]
    static void accumulate(const AttendBlock& b, const Memory& m, Rows in, Page page, float* weighted) {
        const float* values = Pages::widen(in, b.type, b.value_dim, b.value_stride, page, m.tokens);
        Pages::template accumulate<1, attend_rows>(m.scores, values, Pages::rows(b),
                                                   attend_padded(b.value_dim), page, weighted);
    }

  private:
    template <size_t tokens, size_t vectors>
    struct Sums {
        Vec at[tokens][vectors];

        void add(const Sums& other) {
#pragma GCC unroll 8
            for (size_t t = 0; t < tokens; ++t) {
#pragma GCC unroll 2
                for (size_t v = 0; v < vectors; ++v) at[t][v] = V::add(at[t][v], other.at[t][v]);
            }
        }
    };

    template <size_t tokens, size_t vectors>
    static void tile(const float* queries, const float* keys, size_t pad, float* out) {
        const auto sums = alone ? lanes_of<tokens, vectors>(queries, keys, pad)
                                : sums_of<1, tokens, vectors>(queries, keys, pad);
#pragma GCC unroll 8
        for (size_t t = 0; t < tokens; ++t) {
#pragma GCC unroll 2
            for (size_t v = 0; v < vectors; ++v)
                V::store(out + t * attend_rows + v * V::width, sums.at[t][v]);
        }
    }
    // Lanes of attend.hpp's sums are dimensions V::width apart, which V::sums adds: 0 and 2, 1 and 3, both of
    // these, then neighbours.
    template <size_t tokens, size_t vectors>
    static Sums<tokens, vectors> lanes_of(const float* queries, const float* keys, size_t pad) {
        constexpr size_t fours = V::width / 4;
        Sums<tokens, vectors> sums[fours];
#pragma GCC unroll 4
        for (size_t i = 0; i < fours; ++i) {
            const auto lane = [&](size_t j) {
                return sums_of<V::width, tokens, vectors>(queries + (4 * i + j) * attend_rows,
                                                          keys + 4 * i + j, pad);
            };
            Sums<tokens, vectors> even = lane(0), odd = lane(1);
            even.add(lane(2));
            odd.add(lane(3));
            even.add(odd);
            sums[i] = even;
        }
#pragma GCC unroll 4
        for (size_t step = 1; step < fours; step *= 2) {
#pragma GCC unroll 4
            for (size_t i = 0; i < fours; i += 2 * step) sums[i].add(sums[i + step]);
        }
        return sums[0];
    }
    // Over dimensions 0, step, 2 * step and so on.
    template <size_t step, size_t tokens, size_t vectors>
    static Sums<tokens, vectors> sums_of(const float* queries, const float* keys, size_t pad) {
        Sums<tokens, vectors> sums;
#pragma GCC unroll 8
        for (size_t t = 0; t < tokens; ++t) {
#pragma GCC unroll 2
            for (size_t v = 0; v < vectors; ++v) sums.at[t][v] = V::zero();
        }
        for (size_t i = 0; i < pad; i += step) {
            Vec query[vectors];
#pragma GCC unroll 2
            for (size_t v = 0; v < vectors; ++v) query[v] = V::load(queries + i * attend_rows + v * V::width);
#pragma GCC unroll 8
            for (size_t t = 0; t < tokens; ++t) {
                const Vec key = V::broadcast(keys[t * pad + i]);
#pragma GCC unroll 2
                for (size_t v = 0; v < vectors; ++v) sums.at[t][v] = V::mul_add(key, query[v], sums.at[t][v]);
            }
        }
        return sums;
    }
};

template <class V, class Products>
struct AttendPrefill {
    using Vec = typename V::Vec;
    using Pages = AttendPages<V>;
    using State = typename Pages::State;
    using Memory = typename Pages::Memory;
    using Page = typename Pages::Page;
    using Rows = typename Pages::Rows;

    // Computes the spans of a block to `out`; never to `partials`, for products may write whole tiles of
    // rows.
    static void attend(const AttendBlock& b) {
        const Memory m = Pages::memory(b);
        Products::begin();
        Products::load_queries(b, m.queries);
        Pages::reset(b, m.total);
        for (size_t span = b.first_span; span < b.last_span; ++span) {
            Pages::reset(b, m.part);
            Pages::walk(b, span, [&](Page page, Rows keys, Rows values) {
                Products::scores(b, m, keys, page);
                softmax(b, page, m.scores, m.part);
                Products::accumulate(b, m, values, page, m.part.weighted);
            });
            Pages::fold(b, m.total, m.part);
        }
        Products::end();
        Pages::finish(b, m.total);
    }

  private:
    // The tokens of a page that each row sees: [first, past), as floats.
    struct Mask {
        bool all;  // every row sees every token of [page.begin, page.end): then the rest is not set
        float first[attend_rows], past[attend_rows];
    };
    static Mask mask(const AttendBlock& b, Page page) {
        Mask s;
        const size_t last = b.first_position + b.tokens - 1;
        s.all = b.first_position + 1 >= page.first_position + page.end &&
                (b.window == 0 || last < b.window + page.first_position + page.begin);
        if (s.all) return s;
        for (size_t r = 0; r < attend_rows; ++r) {
            const size_t position = b.first_position + r / b.heads;
            const size_t lowest = b.window != 0 && position >= b.window ? position - b.window + 1 : 0;
            s.first[r] = within(lowest, page);
            s.past[r] = within(position + 1, page);
        }
        return s;
    }
    static float within(size_t position, Page page) {
        const size_t token = position < page.first_position ? 0 : position - page.first_position;
        return static_cast<float>(token < attend_page ? token : attend_page);
    }

    // Turns the scores of a page into weights relative to the rows' new maxima; rescales what was summed
    // before.
    static void softmax(const AttendBlock& b, Page page, float* scores, State s) {
        const size_t rows = Pages::rows(b);
        const Mask seen = mask(b, page);
        alignas(64) float rescale[attend_rows];
        for (size_t r = 0; r < rows; r += V::width) {
            if (seen.all) {
                softmax_rows(b, page, scores + r, s.maxima + r, s.sums + r, rescale + r,
                             [](size_t, Vec x, Vec) { return x; });
            } else {
                const Vec first = V::load(seen.first + r), past = V::load(seen.past + r);
                softmax_rows(b, page, scores + r, s.maxima + r, s.sums + r, rescale + r,
                             [first, past](size_t t, Vec x, Vec other) {
                                 const Vec token = V::broadcast(static_cast<float>(t));
                                 return V::select(V::less(token, first), other,
                                                  V::select(V::less(token, past), x, other));
                             });
            }
        }
        const size_t pad = attend_padded(b.value_dim);
        for (size_t r = 0; r < rows; ++r) {
            if (rescale[r] == 1.0f) continue;
            const Vec factor = V::broadcast(rescale[r]);
            float* weighted = s.weighted + r * pad;
            for (size_t i = 0; i < pad; i += V::width)
                V::store(weighted + i, V::mul(V::load(weighted + i), factor));
        }
    }
    // V::width rows; mask(t, x, other): x in the lanes of rows that see token t, other in the rest.
    template <class Mask>
    static void softmax_rows(const AttendBlock& b, Page page, float* scores, float* maxima, float* sums,
                             float* rescale, Mask mask) {
        const Vec before = V::load(maxima), lowest = V::broadcast(-3.0e38f);
        Vec highest = before;
        for (size_t t = page.begin; t < page.end; ++t) {
            Vec x = V::load(scores + t * attend_rows);
            if (b.softcap > 0.0f) {
                x = V::mul(V::broadcast(b.softcap), Math<V>::tanh(V::mul(x, V::broadcast(1.0f / b.softcap))));
                V::store(scores + t * attend_rows, x);
            }
            highest = V::max(mask(t, x, lowest), highest);
        }
        // One sum for each lane of attend.hpp's, where its bits are wanted.
        constexpr size_t lanes = Products::as_alone ? V::width : 1;
        Vec sum[lanes];
        for (size_t i = 0; i < lanes; ++i) sum[i] = V::zero();
        for (size_t t = page.begin; t < page.end; ++t) {
            const Vec x = V::load(scores + t * attend_rows);
            const Vec weight = mask(t, Math<V>::exp(V::sub(x, highest)), V::zero());
            V::store(scores + t * attend_rows, weight);
            sum[t % lanes] = V::add(sum[t % lanes], weight);
        }
        if (lanes > 1) sum[0] = add_as_sum<V>(sum);
        const Vec factor = Math<V>::exp(V::sub(before, highest));
        const Vec old = V::load(sums);
        V::store(sums,
                 Products::as_alone ? V::add(V::mul(old, factor), sum[0]) : V::mul_add(old, factor, sum[0]));
        V::store(maxima, highest);
        V::store(rescale, factor);
    }
};

}  // namespace
}  // namespace lamina::cpu
