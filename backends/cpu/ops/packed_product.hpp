// Quantized weights as the stage of packed Linears sees them: matrices in panels, and products whose results
// become one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "cpu/kernels/float_kernels.hpp"
#include "cpu/kernels/linear_task.hpp"
#include "cpu/ops/linear_parts.hpp"
#include "quant/packed.hpp"

namespace lamina::cpu {

// Codes and scales of a panel and of those behind it.
struct Panels {
    const std::uint8_t *codes, *weight_scales;

    Panels(const quant::PackedShape& shape, const std::byte* matrix, std::uint64_t panel)
        : codes(reinterpret_cast<const std::uint8_t*>(matrix + shape.codes_at(panel))),
          weight_scales(reinterpret_cast<const std::uint8_t*>(matrix + shape.scales_at(panel))) {}
};

// Rows of a matrix's input that are multiplied at a time: they stay in the second-level cache.
struct Chunk {
    std::uint64_t matrix = 0;
    Range group;  // the matrix's rows among those of the input
    bool as_tiles = false;
    std::uint64_t first = 0, last = 0;  // from the start of the group

    std::uint64_t rows() const { return last - first; }
    std::uint64_t first_row() const { return group.first + first; }
};

// A panel alone, as it is made from blocks.
inline quant::PackedShape one_panel(const quant::PackedShape& of, std::uint64_t rows) {
    return {of.kind, std::min<std::uint64_t>(rows, quant::panel_rows), of.columns};
}

struct PackedMatrix {
    quant::PackedShape shape;
    PackedKernel kernel;
    TileKernel tile_kernel;  // null where there are no tiles
    DType type;
    bool blocks;            // data are the blocks of the file: panels are made as they are needed
    bool precise;           // inputs are codes and what rounding to them lost
    const std::byte* data;  // of all matrices
    const float* bias;

    // From a panel on; one alone, made in `scratch`, where the weights are blocks.
    Panels panels(std::uint64_t matrix, std::uint64_t panel, std::byte* scratch) const;
    std::uint64_t outputs(Range panels) const {
        return std::min(panels.last * quant::panel_rows, shape.rows) - panels.first * quant::panel_rows;
    }
    const float* bias_at(std::uint64_t matrix, std::uint64_t panel) const {
        return bias ? bias + matrix * shape.rows + panel * quant::panel_rows : nullptr;
    }
    std::uint64_t panel_bytes() const { return blocks ? one_panel(shape, shape.rows).bytes() : 0; }
    // About the time of a panel: its bytes for few rows, the multiplications for many.
    std::uint64_t panel_cost(const Chunk& chunk) const {
        if (chunk.rows() < 8) return shape.panel_bytes();
        return shape.columns * chunk.rows() * (precise && !chunk.as_tiles ? 2 : 1);
    }
};

// A matrix alone, or two of one shape: a gate and what it lets through.
struct PackedProduct {
    PackedMatrix weight;
    std::optional<PackedMatrix> up = std::nullopt;
    FloatKernels::Activation activation = nullptr;  // null: the results are the weight's
    float* out = nullptr;                           // [rows, outputs]

    std::uint64_t panels() const { return weight.shape.panels(); }
    std::uint64_t panel_cost(const Chunk& chunk) const {
        return weight.panel_cost(chunk) + (up ? up->panel_cost(chunk) : 0);
    }
    std::uint64_t panel_bytes() const { return std::max(weight.panel_bytes(), up ? up->panel_bytes() : 0); }
};

}  // namespace lamina::cpu
