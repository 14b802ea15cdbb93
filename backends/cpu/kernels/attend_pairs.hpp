// The products of attend_prefill.hpp with operands rounded to bf16 and sums of f32, for units that multiply
// pairs of inputs:
//   scores [tokens, rows]           = keys [tokens, dimensions] . queries [dimensions, rows]
//   weighted values [rows, values] += weights [rows, tokens] . values [tokens, values]
// A Unit has
//   static void begin(), end()        around a block
//   static void narrow(const float* low, const float* high, uint16_t* out)  16 and 16 floats to 32 bf16
//   static void pair(const float* even, const float* odd, uint16_t* out)    16 pairs; null is zeros
//   static constexpr bool rows_first  whether left operands' tiles have to be row by row
//   static void turn(uint16_t* tile)  16 x 16 pairs to their transpose; called where rows_first
//   static void product(const PairProduct&)
#pragma once

#include "cpu/kernels/attend_pages.hpp"

namespace lamina::cpu {
namespace {

constexpr size_t pair_block = 16;                          // rows, columns or pairs of a tile
constexpr size_t pair_tile = 2 * pair_block * pair_block;  // values of a tile
constexpr size_t pair_depth = 2 * pair_block;              // inputs of a tile
constexpr size_t pair_depths(size_t n) { return (n + pair_depth - 1) / pair_depth; }

// sums (+)= left . right. Rows beyond the last one are computed up to the end of their tile.
struct PairProduct {
    const uint16_t* left;   // [row blocks, depths] tiles
    bool pairs_first;       // the left tiles are [pair, row], else [row, pair]
    const uint16_t* right;  // [column blocks, depths] tiles of [pair, column]
    size_t rows, column_blocks, depths;
    float* sums;
    size_t stride;  // floats from row to row
    bool add;       // to what is there
};

template <class V, class Unit>
struct PairProducts {
    using Pages = AttendPages<V>;
    using Memory = typename Pages::Memory;
    using Page = typename Pages::Page;
    using Rows = typename Pages::Rows;
    static_assert(attend_page == pair_depth && attend_rows % pair_block == 0);

    static constexpr bool as_alone = false;

    static void begin() { Unit::begin(); }
    static void end() { Unit::end(); }

    // The right operand of the scores: tiles of [pairs of dimensions, rows], zeros beside what there is.
    static void load_queries(const AttendBlock& b, float* queries) {
        auto* tiles = reinterpret_cast<uint16_t*>(queries);
        const size_t rows = Pages::rows(b), depths = pair_depths(b.key_dim);
        const float* in[attend_rows];
        for (size_t r = 0; r < rows; ++r)
            in[r] = b.query + r / b.heads * b.query_stride + r % b.heads * b.key_dim;
        for (size_t block = 0; block * pair_block < rows; ++block) {
            for (size_t pair = 0; pair < depths * pair_block; ++pair) {
                alignas(64) float even[pair_block] = {}, odd[pair_block] = {};
                for (size_t r = 0; r < pair_block && block * pair_block + r < rows; ++r) {
                    const float* row = in[block * pair_block + r];
                    if (2 * pair < b.key_dim) even[r] = row[2 * pair] * b.scale;
                    if (2 * pair + 1 < b.key_dim) odd[r] = row[2 * pair + 1] * b.scale;
                }
                Unit::pair(even, odd, tiles + block * depths * pair_tile + pair * 2 * pair_block);
            }
        }
    }

    // To m.scores. Tokens outside of the page's range keep pairs of earlier pages, of NaN perhaps, which
    // reach their own scores only.
    static void scores(const AttendBlock& b, const Memory& m, Rows in, Page page) {
        const float* keys = Pages::widen(in, b.type, b.key_dim, b.key_stride, page, m.tokens);
        const size_t pad = attend_padded(b.key_dim), depths = pair_depths(b.key_dim);
        alignas(64) const float zeros[pair_block] = {};
        for (size_t t = page.begin; t < page.end; ++t) {
            const float* key = keys + t * pad;
            uint16_t* to = m.pairs + t / pair_block * depths * pair_tile + t % pair_block * pair_depth;
            for (size_t i = 0; i < pad; i += pair_depth, to += pair_tile)
                Unit::narrow(key + i, i + pair_block < pad ? key + i + pair_block : zeros, to);
        }
        const size_t first = page.begin / pair_block, past = (page.end + pair_block - 1) / pair_block;
        Unit::product({.left = m.pairs + first * depths * pair_tile,
                       .pairs_first = false,
                       .right = reinterpret_cast<const uint16_t*>(m.queries),
                       .rows = (past - first) * pair_block,
                       .column_blocks = (Pages::rows(b) + pair_block - 1) / pair_block,
                       .depths = depths,
                       .sums = m.scores + first * pair_block * attend_rows,
                       .stride = attend_rows,
                       .add = false});
    }

    // Of m.scores, which are weights now. Writes rows to the end of their tile.
    static void accumulate(const AttendBlock& b, const Memory& m, Rows in, Page page, float* weighted) {
        const float* values = Pages::widen(in, b.type, b.value_dim, b.value_stride, page, m.tokens);
        const size_t pad = attend_padded(b.value_dim), rows = Pages::rows(b);
        // Tokens that no row sees hold anything: they count as zeros.
        const auto seen = [page](const float* p, size_t stride, size_t t) -> const float* {
            return page.begin <= t && t < page.end ? p + t * stride : nullptr;
        };
        alignas(64) uint16_t weights[attend_rows / pair_block][pair_tile];
        for (size_t r = 0; r < rows; r += pair_block) {
            uint16_t* tile = weights[r / pair_block];
            for (size_t pair = 0; pair < pair_block; ++pair) {
                const float* p = m.scores + r;
                Unit::pair(seen(p, attend_rows, 2 * pair), seen(p, attend_rows, 2 * pair + 1),
                           tile + pair * pair_depth);
            }
            if (Unit::rows_first) Unit::turn(tile);
        }
        for (size_t pair = 0; pair < pair_block; ++pair) {
            for (size_t i = 0; i < pad; i += pair_block) {
                Unit::pair(seen(values + i, pad, 2 * pair), seen(values + i, pad, 2 * pair + 1),
                           m.pairs + i / pair_block * pair_tile + pair * pair_depth);
            }
        }
        Unit::product({.left = weights[0],
                       .pairs_first = !Unit::rows_first,
                       .right = m.pairs,
                       .rows = rows,
                       .column_blocks = pad / pair_block,
                       .depths = 1,
                       .sums = weighted,
                       .stride = pad,
                       .add = true});
    }
};

// The product of a Unit on a matrix unit (Tiles: tiles_amx.hpp).
template <class Conversions, class Tiles>
struct TiledPairs : Conversions {
    static constexpr bool rows_first = true;
    static void begin() { Tiles::begin(); }
    static void end() { Tiles::end(); }

    static void product(const PairProduct& p) {
        for (size_t row = 0; row < p.rows; row += 2 * pair_block) {
            const bool both = p.rows - row > pair_block;
            size_t column = 0;
            for (; column + 2 <= p.column_blocks; column += 2)
                both ? square<2, 2>(p, row, column) : square<1, 2>(p, row, column);
            if (column < p.column_blocks) both ? square<2, 1>(p, row, column) : square<1, 1>(p, row, column);
        }
    }

  private:
    // Sums in tiles 0 to 3, left operands in 4 and 5, right ones in 6 and 7.
    template <int M, int N>
    static void square(const PairProduct& p, size_t row, size_t column) {
        const size_t bytes = p.stride * sizeof(float), next = p.depths * pair_tile;
        float* out = p.sums + row * p.stride + column * pair_block;
        float* below = out + pair_block * p.stride;
        const uint16_t* left = p.left + row / pair_block * next;
        const uint16_t* right = p.right + column * next;
        first<0>(p.add, out, bytes);
        if (N > 1) first<1>(p.add, out + pair_block, bytes);
        if (M > 1) first<2>(p.add, below, bytes);
        if (M > 1 && N > 1) first<3>(p.add, below + pair_block, bytes);
        for (size_t depth = 0; depth < p.depths; ++depth, left += pair_tile, right += pair_tile) {
            Tiles::template load<4>(left);
            Tiles::template load<6>(right);
            Tiles::template multiply<0, 4, 6>();
            if (N > 1) {
                Tiles::template load<7>(right + next);
                Tiles::template multiply<1, 4, 7>();
            }
            if (M > 1) {
                Tiles::template load<5>(left + next);
                Tiles::template multiply<2, 5, 6>();
                if (N > 1) Tiles::template multiply<3, 5, 7>();
            }
        }
        Tiles::template store_rows<0>(out, bytes);
        if (N > 1) Tiles::template store_rows<1>(out + pair_block, bytes);
        if (M > 1) Tiles::template store_rows<2>(below, bytes);
        if (M > 1 && N > 1) Tiles::template store_rows<3>(below + pair_block, bytes);
    }
    template <int tile>
    static void first(bool add, const float* sums, size_t bytes) {
        if (add) {
            Tiles::template load_rows<tile>(sums, bytes);
        } else {
            Tiles::template zero<tile>();
        }
    }
};

}  // namespace
}  // namespace lamina::cpu
