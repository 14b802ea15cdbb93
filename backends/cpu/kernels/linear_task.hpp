// What the ops hand to the kernels of the Linear op, and the tables in which the ISA units offer their
// kernels. Included by ISA units: no standard C++ headers here.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "quant/packed_kind.hpp"

namespace lamina::cpu {

// Activation rows are kept in blocks of max_block rows (of the ISA), the last with what is left, so that a
// kernel reaches the rows of its block at constant distances. A block of R rows that starts at row r lies r
// rows' worth of elements behind the start of each array; with column blocks of 32 inputs it holds
//   codes [column blocks][R][32] i8, scales [column blocks][R] f32, and for each weight group of 32 or of 16
//   inputs offsets [groups][R] i32 = -128 * sum of codes (what kernels of codes with a zero start from,
//   shifted), sums [groups][R] f32 = scale * sum of codes (the scale of a minimum).
constexpr uint32_t block_columns = quant::panel_block_columns;

static inline uint32_t block_rows(uint64_t remaining, uint32_t max_block) {
    return remaining < max_block ? static_cast<uint32_t>(remaining) : max_block;
}

struct QuantizeTask {
    const float* x;        // the row
    uint64_t count;        // inputs of the row
    uint64_t first, last;  // column blocks to do
    uint32_t block;        // rows of the row's block
    int8_t* codes;         // of this row and column block 0; column block g lies g * block * 32 further
    float* scales;         // column block g at g * block
    int32_t *offsets32, *offsets16;  // group j at j * block; null where no kernel wants them
    float *sums32, *sums16;          // group j at j * block; null where no kernel wants them
    float* residual = nullptr;       // inputs of these column blocks less what their codes stand for, or null
};
using QuantizeKernel = void (*)(const QuantizeTask&);

// One panel of packed weights (quant/packed.hpp) times some rows of activations.
struct PackedTask {
    const uint8_t* codes;
    const uint8_t* weight_scales;
    uint64_t column_blocks;     // of weights and activations
    const int8_t* activations;  // the arrays above, from row 0
    const float* scales;
    const int32_t* offsets;  // of this kind's group size
    const float* sums;
    uint64_t first_row, last_row;  // first_row is a multiple of max_block
    uint64_t rows;                 // in all: where it ends the blocks are smaller
    const float* bias;             // [width], or null
    float* out;                    // row 0, first output of the panel
    uint64_t out_stride;           // floats
    uint32_t width;                // outputs of the panel that exist: 1..16
    uint64_t l2_prefetch_bytes;    // codes are asked into the second-level cache this far ahead; 0: not
};
// Bytes ahead where the kernels ask for codes and scales. Measured on Zen 5: with one row any distance
// from 1.5 to 16 KiB is within 2 % of this one, with four rows 3 KiB lose 12 %.
constexpr uint64_t prefetch_distance = 8192, prefetch_distance_scales = 1024;
// `l2_prefetch_bytes`, where it helps. A second request for every line costs 8 % of the read bandwidth where
// it does not.
constexpr uint64_t l2_prefetch_distance = 16384;
using PackedKernel = void (*)(const PackedTask&);

// Products without memory (kernels/peak.hpp): `products` multiplications and additions a round. `data` is
// aligned to 64 bytes.
constexpr uint64_t peak_bytes = 3072;
struct Peak {
    void (*run)(uint64_t rounds, const uint8_t* data, float* out);
    uint64_t products;
};

struct PackedKernels {
    uint32_t max_block;  // rows of activations that a kernel keeps in registers
    bool wants_offsets;  // signed codes are computed as unsigned ones, from offsets as those of other zeros
    QuantizeKernel quantize;
    PackedKernel panel[quant::packed_kind_count];  // by PackedKind::index
    Peak peak;

    // Whether the kernel of `kind` reads the offsets of its group size.
    [[gnu::always_inline]] constexpr bool reads_offsets(const quant::PackedKind& kind) const {
        return kind.zero == 128 ? wants_offsets : kind.zero != 0;
    }
};
extern const PackedKernels scalar_packed, avx2_packed, avx_vnni_packed, avx512_vnni_packed;

// Many rows of activations times panels of packed weights by a matrix unit, which multiplies tiles: 16 rows x
// 32 inputs by 32 inputs x 16 outputs of bf16, adding up in f32. Weights become bf16 panel by panel;
// activation rows lie in blocks of 16 (the last holds what is left). A block of R rows that starts at row r
// lies r rows' worth of elements behind the start and holds [column blocks][R][32]. Kernels read 16 rows of
// any block: a tile's bytes more than there are rows must be readable.
constexpr uint32_t tile_rows = 16;
constexpr uint64_t tile_bytes = 1024;
// Of a task: its sums, and the inputs of a run, stay in the second-level cache.
constexpr uint32_t tile_most_rows = 512, tile_most_panels = 16;
// Column blocks whose weights are made at a time: two panels of them fit the first-level cache.
constexpr uint32_t tile_run = 16;
constexpr uint64_t tile_scratch_bytes =
    (2 * tile_run + uint64_t{tile_most_rows / tile_rows} * tile_most_panels) * tile_bytes;

struct TileRowTask {
    const float* x;  // the row
    uint64_t count;  // inputs of the row
    uint32_t block;  // rows of the row's block
    uint16_t* out;   // of this row and column block 0; column block g lies g * block * 32 further
};
using TileRowKernel = void (*)(const TileRowTask&);

struct TileTask {
    const uint8_t *codes, *weight_scales;  // of the first panel
    uint64_t codes_bytes, scale_bytes;     // from panel to panel
    uint32_t panel_count;                  // 1..tile_most_panels
    uint64_t column_blocks;
    const uint16_t* activations;  // from a block's start
    uint64_t rows;                // 1..tile_most_rows, to the end of a block
    const float* bias;            // [outputs], or null
    float* out;                   // row 0, first output
    uint64_t out_stride;          // floats
    uint64_t outputs;             // those that exist: the last panel may have fewer than 16
    uint8_t* scratch;             // tile_scratch_bytes, aligned to 64, for this call
};
using TileKernel = void (*)(const TileTask&);

struct TileKernels {
    uint32_t min_rows;  // fewer are faster as int8
    TileRowKernel row;
    TileKernel panels[quant::packed_kind_count];  // by PackedKind::index
    Peak peak;
};
extern const TileKernels amx_tiles;

// Dense weight rows times rows of activations.
constexpr uint64_t dense_strip = 4;  // weight rows in registers: what threads share out
struct DenseTask {
    const void* weights;  // row-major
    uint64_t outputs;     // weight rows
    uint64_t columns;
    const void* activations;  // [rows, columns], row-major, contiguous
    uint64_t rows;
    const float* bias;    // [outputs], or null
    float* out;           // row 0, first output
    uint64_t out_stride;  // floats
};
using DenseKernel = void (*)(const DenseTask&);

struct DenseKernels {
    DenseKernel f32, f16, bf16;  // by type of the weights; activations f32
    DenseKernel bf16_pairs;      // both bf16, or null: this level has no instruction for it
    Peak peak;                   // of f32, or of bf16_pairs where it is alone
};
extern const DenseKernels scalar_dense, avx2_dense, avx512_vnni_dense, avx512_bf16_dense;

}  // namespace lamina::cpu
