// What attention kernels share: the walk over the pages of the cache, a page as f32, and the running results
// of a block's rows.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cpu/kernels/attend_block.hpp"
#include "cpu/kernels/math.hpp"

namespace lamina::cpu {
namespace {

template <class V>
struct AttendPages {
    using Vec = typename V::Vec;

    struct State {
        float* maxima;    // [rows]
        float* sums;      // [rows]
        float* weighted;  // [rows, padded value_dim]
    };
    struct Memory {
        float* queries;     // [attend_rows, padded key_dim] or the other way round, scaled
        float* tokens;      // [attend_page, padded key_dim or value_dim]: keys, then values
        float* scores;      // [attend_rows, attend_page] or the other way round
        uint16_t* pairs;    // as long as tokens: of kernels that round to bf16
        State part, total;  // with room for attend_rows
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

    static Memory memory(const AttendBlock& b) {
        Memory m;
        m.queries = b.scratch;
        m.tokens = m.queries + attend_rows * attend_padded(b.key_dim);
        m.scores = m.tokens + attend_page * attend_padded(attend_wider(b.key_dim, b.value_dim));
        float* pairs = m.scores + attend_rows * attend_page;
        m.pairs = reinterpret_cast<uint16_t*>(pairs);
        float* states = pairs + attend_page * attend_padded(attend_wider(b.key_dim, b.value_dim));
        m.part = state(states);
        m.total = state(states + attend_state_floats(attend_rows, b.value_dim));
        return m;
    }

    // visit(page, where its keys lie, where its values lie) for the pages of a span that some row sees.
    template <class Visit>
    static void walk(const AttendBlock& b, size_t span, Visit visit) {
        const size_t lowest =
            b.window != 0 && b.first_position >= b.window ? b.first_position - b.window + 1 : 0;
        const size_t past = b.first_position + b.tokens;
        const size_t begin = span * attend_span > lowest ? span * attend_span : lowest;
        const size_t end = (span + 1) * attend_span < past ? (span + 1) * attend_span : past;
        for (size_t page = begin / attend_page; page * attend_page < end; ++page) {
            const size_t first = page * attend_page;
            const size_t next = first + attend_page < past ? page + 1 : page;
            const size_t at = static_cast<size_t>(b.pages[page]) * b.page_stride,
                         ahead = static_cast<size_t>(b.pages[next]) * b.page_stride;
            visit(Page{first, begin > first ? begin - first : 0,
                       end - first < attend_page ? end - first : attend_page},
                  Rows{b.keys + at, b.keys + ahead}, Rows{b.values + at, b.values + ahead});
        }
    }

    static void reset(const AttendBlock& b, State s) {
        for (size_t r = 0; r < attend_rows; ++r) {
            s.maxima[r] = -3.0e38f;  // below every score, and finite: differences of maxima are never NaN
            s.sums[r] = 0.0f;
        }
        const size_t count = rows(b) * attend_padded(b.value_dim);
        for (size_t i = 0; i < count; i += V::width) V::store(s.weighted + i, V::zero());
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

    // weighted[r] += sum over t of weight(r, t) * values[t]; every element in the order of t. The weights of
    // a row lie token_step apart, those of a token row_step.
    template <size_t row_step, size_t token_step>
    static void accumulate(const float* weights, const float* values, size_t rows, size_t pad, Page page,
                           float* weighted) {
        constexpr size_t block = V::registers >= 32 ? 4 : 2;
        size_t r = 0;
        for (; r + block <= rows; r += block) {
            accumulate_rows<block, row_step, token_step>(weights + r * row_step, values, pad, page,
                                                         weighted + r * pad);
        }
        for (; r < rows; ++r)
            accumulate_rows<1, row_step, token_step>(weights + r * row_step, values, pad, page,
                                                     weighted + r * pad);
    }
    template <size_t count, size_t row_step, size_t token_step>
    static void accumulate_rows(const float* weights, const float* values, size_t pad, Page page,
                                float* weighted) {
        size_t i = 0;
        for (; i + 4 * V::width <= pad; i += 4 * V::width) {
            accumulate_tile<count, 4, row_step, token_step>(weights, values + i, pad, page, weighted + i);
        }
        for (; i < pad; i += V::width)
            accumulate_tile<count, 1, row_step, token_step>(weights, values + i, pad, page, weighted + i);
    }
    template <size_t count, size_t vectors, size_t row_step, size_t token_step>
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
                const Vec weight = V::broadcast(weights[r * row_step + t * token_step]);
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

}  // namespace
}  // namespace lamina::cpu
