// StoreKv and Attention over a cache of two layers, of which the second is used; pages lie scattered.
#pragma once

#include "cpu/weight.hpp"
#include "quant/activations.hpp"
#include "support/op_case.hpp"

namespace lamina::test {

struct AttentionShape {
    std::uint32_t heads = 2, kv_heads = 1, key_dim = 16, value_dim = 16;
    DType type = DType::f32;
    std::uint32_t window = 0;
    float softcap = 0.0f;
    bool sinks = false;
};

// Rows of `dim` values as a cache of the type gives them back.
inline void round_rows(DType type, std::uint32_t dim, std::vector<float>& x) {
    for (float& v : x) {
        if (type == DType::f16) v = f16_to_f32(f32_to_f16(v));
        if (type == DType::bf16) v = bf16_to_f32(f32_to_bf16(v));
    }
    if (type != DType::q8_0) return;
    std::vector<std::int8_t> codes(dim + 31);
    std::vector<float> scales(codes.size() / 32);
    std::vector<std::int32_t> sums(2 * scales.size());
    for (std::size_t row = 0; row < x.size(); row += dim) {
        quant::quantize_row(x.data() + row, dim, codes.data(), scales.data(), sums.data());
        for (std::uint32_t i = 0; i < dim; ++i)
            x[row + i] = f16_to_f32(f32_to_f16(scales[i / 32])) * static_cast<float>(codes[i]);
    }
}

// Tokens of a test are numbered; token i has its own query, keys and values.
struct AttentionCase {
    OpCase ops;
    backend::Slot out = 0, keys = 0, values = 0;

    // `rounded`: keys and values are rounded to the cache's type beforehand, for a backend that keeps them as
    // f32.
    AttentionCase(const AttentionShape& s, std::uint32_t tokens, std::uint32_t max_rows, std::uint32_t pages,
                  bool rounded, std::uint32_t max_position = 4096)
        : ops(max_rows, max_position) {
        Random random(s.heads * 1000 + s.key_dim);
        const auto round = [&](std::vector<float> x, std::uint32_t dim) {
            if (rounded) round_rows(s.type, dim, x);
            return x;
        };
        const std::uint64_t n = tokens;
        const auto query = ops.input(s.heads * s.key_dim, random.normals(n * s.heads * s.key_dim, 1.5f));
        keys =
            ops.input(s.kv_heads * s.key_dim, round(random.normals(n * s.kv_heads * s.key_dim), s.key_dim));
        values = ops.input(s.kv_heads * s.value_dim,
                           round(random.normals(n * s.kv_heads * s.value_dim), s.value_dim));
        out = ops.slot(s.heads * s.value_dim);
        ops.program.caches = {{.type = s.type,
                               .layers = 2,
                               .pages = pages,
                               .kv_heads = s.kv_heads,
                               .key_dim = s.key_dim,
                               .value_dim = s.value_dim,
                               .window = s.window}};
        ops.program.ops.push_back(backend::StoreKv{.keys = keys, .values = values, .group = 0, .layer = 1});
        backend::Attention attention{.query = query,
                                     .out = out,
                                     .group = 0,
                                     .layer = 1,
                                     .heads = s.heads,
                                     .scale = 1.0f / std::sqrt(static_cast<float>(s.key_dim)),
                                     .softcap = s.softcap};
        if (s.sinks) attention.sinks = ops.vector(random.normals(s.heads));
        ops.program.ops.push_back(attention);
    }

    backend::Attention& attention() { return std::get<backend::Attention>(ops.program.ops.back()); }
};

// Bytes 0xFF are NaN in every type: what nobody has written must not count.
inline void poison(Bound& bound) {
    auto& buffer = dynamic_cast<cpu::CpuBuffer&>(bound.cache(0));
    std::memset(buffer.data(), 0xFF, buffer.bytes());
}

// Pages for one sequence after the other, in a scattered order.
class PagePool {
  public:
    explicit PagePool(std::uint32_t pages) : order_(pages) {
        Random random(pages);
        for (std::uint32_t i = 0; i < pages; ++i) order_[i] = static_cast<std::int32_t>(i);
        for (std::uint32_t i = pages; i > 1; --i) std::swap(order_[i - 1], order_[random.below(i)]);
    }
    std::vector<std::int32_t> take(std::uint32_t tokens) {
        const std::uint32_t count = (tokens + backend::page_tokens - 1) / backend::page_tokens;
        std::vector<std::int32_t> out(order_.end() - count, order_.end());
        order_.resize(order_.size() - count);
        return out;
    }

  private:
    std::vector<std::int32_t> order_;
};

// The table after pages that no row from `position` on reaches have been released.
inline std::vector<std::int32_t> released(std::vector<std::int32_t> table, std::uint32_t position,
                                          std::uint32_t window) {
    if (window == 0 || position < window) return table;
    const std::uint32_t lowest = position - window + 1;
    for (std::uint32_t i = 0; (i + 1) * backend::page_tokens <= lowest && i < table.size(); ++i)
        table[i] = backend::no_page;
    return table;
}

// A sequence whose token at position p is number first_token + p.
struct Sequence {
    std::int32_t first_token = 0;
    std::vector<std::int32_t> table = {};
    std::uint32_t window = 0;

    Piece piece(std::uint32_t position, std::uint32_t count) const {
        return {.tokens = tokens_from(first_token + static_cast<std::int32_t>(position), count),
                .first_position = position,
                .pages = {released(table, position, window)}};
    }
};

}  // namespace lamina::test
