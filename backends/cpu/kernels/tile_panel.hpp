// Packed weights x bf16 activations on a matrix unit, generic over how codes become bf16 (V: as in
// packed_panel.hpp, and weights() and narrow() of tiles_amx.hpp) and over the unit (Tiles: see there). A
// weight is scale * code + base in f32, rounded to bf16; the products are exact, their sums f32.
#pragma once

#include "cpu/kernels/linear_task.hpp"
#include "cpu/kernels/panel_parts.hpp"
#include "cpu/kernels/unroll.hpp"

namespace lamina::cpu {
namespace {

constexpr uint64_t tile_values = tile_bytes / sizeof(uint16_t);

// The column blocks of a panel, one after the other, as tiles: row i holds inputs 2i and 2i + 1 of the 16
// outputs.
template <class V, int Index>
struct PanelTiles {
    static_assert(V::lanes == quant::panel_rows);
    static constexpr PackedKind kind = quant::packed_kinds[Index];
    static constexpr uint64_t super =
        quant::panel_super_columns / quant::panel_block_columns;  // column blocks
    static constexpr bool is_signed = kind.code_bits == 8 || kind.levels != CodeLevels::none;
    static constexpr int zero = is_signed && !V::wants_offsets ? 0 : kind.zero;
    using Stream = ScaleStream<V, Index, 1>;
    static constexpr int per_block = Stream::per_block;
    using F = typename V::F;

    const uint8_t* codes;
    Stream weight_scales;

    // From a column block on where a super-block begins.
    PanelTiles(const TileTask& t, uint32_t panel, uint64_t first) {
        codes = t.codes + panel * t.codes_bytes + first * kind.code_bytes();
        weight_scales.at = t.weight_scales + panel * t.scale_bytes +
                           first / super * kind.super_scale_bytes() + first * per_block * kind.group_bytes();
    }

    // Column block g, which is the next.
    LAMINA_INLINE void next(uint64_t g, uint16_t* tile) {
        if (g % super == 0) weight_scales.next_super_scales(0);
        fetch_ahead<kind.code_bytes(), Stream::block_bytes>(codes, weight_scales.at, l2_prefetch_distance);
        group<0>(tile);
        if constexpr (per_block == 2) group<4>(tile);
        codes += kind.code_bytes();
    }

  private:
    template <int factor>
    static LAMINA_INLINE F times_minus(F f) {
        constexpr float value = factor;
        return V::fnma(f, V::broadcast(&value), V::zero());
    }

    template <int first>
    LAMINA_INLINE void group(uint16_t* tile) {
        const F scale = weight_scales.scale(0, 0);
        F base = V::zero();
        if constexpr (kind.has_minima()) {
            base = weight_scales.minimum(0, 0);
            if constexpr (kind.has_super_scales()) base = times_minus<1>(base);
        } else if constexpr (zero != 0) {
            base = times_minus<zero>(scale);
        }
        steps<first, kind.group / 4>(scale, base, tile);
        weight_scales.next_group();
    }

    template <int step, int count>
    LAMINA_INLINE void steps(F scale, F base, uint16_t* tile) {
        if constexpr (count > 0) {
            V::weights(codes_of<V, Index, step>(codes, 0), scale, base, tile + 64 * step);
            steps<step + 1, count - 1>(scale, base, tile);
        }
    }
};

// M x N tiles of sums, M row blocks (0 or 1) by N panels: sums in tiles 0..3, inputs in 4 and 5, weights in
// 6, 7.
template <class Tiles, int M, int N>
struct Square {
    const uint16_t* a[2];  // the row blocks' tiles of the next column block
    uint64_t a_step[2];    // elements of a column block of a block

    static LAMINA_INLINE void zero() {
        Tiles::template zero<0>();
        if (N > 1) Tiles::template zero<1>();
        if (M > 1) Tiles::template zero<2>();
        if (M > 1 && N > 1) Tiles::template zero<3>();
    }
    static LAMINA_INLINE void load(const uint8_t* sums) {
        Tiles::template load<0>(sums);
        if (N > 1) Tiles::template load<1>(sums + tile_bytes);
        if (M > 1) Tiles::template load<2>(sums + 2 * tile_bytes);
        if (M > 1 && N > 1) Tiles::template load<3>(sums + 3 * tile_bytes);
    }
    static LAMINA_INLINE void store(uint8_t* sums) {
        Tiles::template store<0>(sums);
        if (N > 1) Tiles::template store<1>(sums + tile_bytes);
        if (M > 1) Tiles::template store<2>(sums + 2 * tile_bytes);
        if (M > 1 && N > 1) Tiles::template store<3>(sums + 3 * tile_bytes);
    }
    // One column block; `weights`: the tiles of N panels.
    LAMINA_INLINE void multiply(const uint16_t* weights) {
        Tiles::template load<6>(weights);
        Tiles::template pass<4>(a[0]);
        Tiles::template multiply<0, 4, 6>();
        if (N > 1) {
            Tiles::template load<7>(weights + tile_values);
            Tiles::template multiply<1, 4, 7>();
        }
        a[0] += a_step[0];
        if (M > 1) {
            Tiles::template pass<5>(a[1]);
            Tiles::template multiply<2, 5, 6>();
            if (N > 1) Tiles::template multiply<3, 5, 7>();
            a[1] += a_step[1];
        }
    }
};

// The square of rows [row, ...) from column block `first` on.
template <class Tiles, int M, int N>
LAMINA_INLINE Square<Tiles, M, N> square_at(const TileTask& t, uint64_t row, uint64_t first) {
    Square<Tiles, M, N> square;
    LAMINA_UNROLL
    for (int m = 0; m < M; ++m) {
        const uint64_t start = row + static_cast<uint64_t>(m) * tile_rows;
        square.a_step[m] = uint64_t{block_rows(t.rows - start, tile_rows)} * block_columns;
        square.a[m] = t.activations + start * t.column_blocks * block_columns + first * square.a_step[m];
    }
    return square;
}

// Writes what exists of a square's sums, with the bias: those of `row` on, of the outputs from `panel` on.
template <class V, int M, int N>
void write_square(const TileTask& t, uint64_t row, uint32_t panel, const uint8_t* sums) {
    for (int n = 0; n < N; ++n) {
        const uint64_t output = (panel + static_cast<uint64_t>(n)) * quant::panel_rows;
        const uint64_t left = t.outputs - output;
        const int width = left < quant::panel_rows ? static_cast<int>(left) : quant::panel_rows;
        const float* bias = t.bias ? t.bias + output : nullptr;
        for (uint64_t r = 0; r < M * tile_rows && row + r < t.rows; ++r) {
            const auto* from = reinterpret_cast<const float*>(
                sums + (2 * (r / tile_rows) + static_cast<uint64_t>(n)) * tile_bytes + r % tile_rows * 64);
            float* out = t.out + (row + r) * t.out_stride + output;
            if (width == quant::panel_rows && bias == nullptr) {
                V::store(out, V::load_f32(reinterpret_cast<const uint8_t*>(from), 0));
            } else {
                store_some(out, from, bias, width);
            }
        }
    }
}

// Up to 32 rows: the sums stay in tiles over all inputs. A column block's weights are multiplied some column
// blocks after they were made: a tile cannot be loaded from stores that are still on their way, and meanwhile
// both units work.
template <class V, class Tiles, int Index, int M, int N>
void few_rows(const TileTask& t, uint32_t panel) {
    constexpr uint64_t behind = 3, ring = 4;
    auto* weights = reinterpret_cast<uint16_t*>(t.scratch);
    uint8_t* sums = t.scratch + 2 * tile_run * tile_bytes;
    PanelTiles<V, Index> first(t, panel, 0), second(t, panel + N - 1, 0);
    auto square = square_at<Tiles, M, N>(t, 0, 0);
    square.zero();
    for (uint64_t g = 0; g < t.column_blocks + behind; ++g) {
        if (g < t.column_blocks) {
            uint16_t* tile = weights + g % ring * 2 * tile_values;
            first.next(g, tile);
            if (N > 1) second.next(g, tile + tile_values);
        }
        if (g >= behind) square.multiply(weights + (g - behind) % ring * 2 * tile_values);
    }
    square.store(sums);
    write_square<V, M, N>(t, 0, panel, sums);
}

template <class Tiles, int M, int N>
LAMINA_INLINE void run_square(const TileTask& t, uint64_t row, uint64_t first, uint64_t count,
                              const uint16_t* weights, uint8_t* sums) {
    auto square = square_at<Tiles, M, N>(t, row, first);
    if (first == 0) {
        square.zero();
    } else {
        square.load(sums);
    }
    for (uint64_t g = 0; g < count; ++g) square.multiply(weights + g * N * tile_values);
    square.store(sums);
}

// N panels of all rows, `count` column blocks from `first` on; what comes before lies in `sums`.
template <class V, class Tiles, int Index, int N>
void add_run(const TileTask& t, uint32_t panel, uint64_t first, uint64_t count, uint8_t* sums) {
    auto* weights = reinterpret_cast<uint16_t*>(t.scratch);
    for (int n = 0; n < N; ++n) {
        PanelTiles<V, Index> tiles(t, panel + static_cast<uint32_t>(n), first);
        for (uint64_t g = 0; g < count; ++g)
            tiles.next(first + g, weights + (g * N + static_cast<uint64_t>(n)) * tile_values);
    }
    for (uint64_t row = 0; row < t.rows; row += 2 * tile_rows, sums += 4 * tile_bytes) {
        if (t.rows - row > tile_rows) {
            run_square<Tiles, 2, N>(t, row, first, count, weights, sums);
        } else {
            run_square<Tiles, 1, N>(t, row, first, count, weights, sums);
        }
    }
}

// More rows: the weights of a run of inputs are made once for all of them, and these inputs pass for one pair
// of panels after the other.
template <class V, class Tiles, int Index>
void many_rows(const TileTask& t) {
    uint8_t* const all_sums = t.scratch + 2 * tile_run * tile_bytes;
    const uint64_t sums_of_pair = (t.rows + 2 * tile_rows - 1) / (2 * tile_rows) * 4 * tile_bytes;
    for (uint64_t first = 0; first < t.column_blocks; first += tile_run) {
        const uint64_t left = t.column_blocks - first, count = left < tile_run ? left : tile_run;
        uint8_t* sums = all_sums;
        for (uint32_t panel = 0; panel < t.panel_count; panel += 2, sums += sums_of_pair) {
            if (panel + 1 < t.panel_count) {
                add_run<V, Tiles, Index, 2>(t, panel, first, count, sums);
            } else {
                add_run<V, Tiles, Index, 1>(t, panel, first, count, sums);
            }
        }
    }
    uint8_t* sums = all_sums;
    for (uint32_t panel = 0; panel < t.panel_count; panel += 2) {
        for (uint64_t row = 0; row < t.rows; row += 2 * tile_rows, sums += 4 * tile_bytes) {
            if (panel + 1 < t.panel_count) {
                write_square<V, 2, 2>(t, row, panel, sums);
            } else {
                write_square<V, 2, 1>(t, row, panel, sums);
            }
        }
    }
}

template <class V, class Tiles, int Index, int M>
void few_rows(const TileTask& t) {
    for (uint32_t panel = 0; panel < t.panel_count; panel += 2) {
        if (panel + 1 < t.panel_count) {
            few_rows<V, Tiles, Index, M, 2>(t, panel);
        } else {
            few_rows<V, Tiles, Index, M, 1>(t, panel);
        }
    }
}

template <class V, class Tiles, int Index>
void tile_panels(const TileTask& t) {
    Tiles::begin();
    if (t.rows <= tile_rows) {
        few_rows<V, Tiles, Index, 1>(t);
    } else if (t.rows <= 2 * tile_rows) {
        few_rows<V, Tiles, Index, 2>(t);
    } else {
        many_rows<V, Tiles, Index>(t);
    }
    Tiles::end();
}

template <class V>
void tile_row(const TileRowTask& t) {
    for (uint64_t i = 0; i < t.count; i += block_columns) {
        const uint64_t left = t.count - i;
        uint16_t* out = t.out + i * t.block;
        if (left >= block_columns) {
            V::narrow(t.x + i, out);
        } else {
            float padded[block_columns] = {};
            for (uint64_t j = 0; j < left; ++j) padded[j] = t.x[i + j];
            V::narrow(padded, out);
        }
    }
}

// Products as squares make them, of tiles that stay. `out`: as that of peak_int8 (peak.hpp).
template <class Tiles>
void peak_tiles(uint64_t rounds, const uint8_t* data, float* out) {
    Tiles::begin();
    Tiles::template load<4>(data);
    Tiles::template load<5>(data);
    Tiles::template load<6>(data);
    Tiles::template load<7>(data);
    Tiles::template zero<0>();
    Tiles::template zero<1>();
    Tiles::template zero<2>();
    Tiles::template zero<3>();
    for (uint64_t round = 0; round < rounds; ++round) {
        Tiles::template multiply<0, 4, 6>();
        Tiles::template multiply<1, 4, 7>();
        Tiles::template multiply<2, 5, 6>();
        Tiles::template multiply<3, 5, 7>();
    }
    alignas(64) float sums[4][16][16];
    Tiles::template store<0>(sums[0]);
    Tiles::template store<1>(sums[1]);
    Tiles::template store<2>(sums[2]);
    Tiles::template store<3>(sums[3]);
    Tiles::end();
    for (int n = 0; n < 16; ++n) {
        out[n] = 0;
        for (const auto& tile : sums)
            for (const auto& row : tile) out[n] += row[n];
    }
}

template <class V, class Tiles>
constexpr TileKernels tile_kernels(uint32_t min_rows) {
    static_assert(quant::packed_kind_count == 17);
    return {min_rows,
            &tile_row<V>,
            {&tile_panels<V, Tiles, 0>, &tile_panels<V, Tiles, 1>, &tile_panels<V, Tiles, 2>,
             &tile_panels<V, Tiles, 3>, &tile_panels<V, Tiles, 4>, &tile_panels<V, Tiles, 5>,
             &tile_panels<V, Tiles, 6>, &tile_panels<V, Tiles, 7>, &tile_panels<V, Tiles, 8>,
             &tile_panels<V, Tiles, 9>, &tile_panels<V, Tiles, 10>, &tile_panels<V, Tiles, 11>,
             &tile_panels<V, Tiles, 12>, &tile_panels<V, Tiles, 13>, &tile_panels<V, Tiles, 14>,
             &tile_panels<V, Tiles, 15>, &tile_panels<V, Tiles, 16>},
            {&peak_tiles<Tiles>, 4 * 16 * 16 * 32}};
}

}  // namespace
}  // namespace lamina::cpu
