// Inputs of packed weights as their kernels read them (kernels/linear_task.hpp), in the scratch: one stage
// rounds, the next multiplies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "cpu/kernels/linear_task.hpp"
#include "cpu/ops/linear_parts.hpp"

namespace lamina::cpu {

// Rows of int8. All arrays have room, wanted or not.
struct QuantizedRows {
    std::uint64_t column_blocks = 0;
    std::int8_t* codes = nullptr;
    float* scales = nullptr;
    std::int32_t *offsets32 = nullptr, *offsets16 = nullptr;
    float *sums32 = nullptr, *sums16 = nullptr;

    // The arrays from a column block of a row on: `before` column blocks lie before that column block of its
    // block, the row is the `row`-th of the block.
    QuantizedRows from(std::uint64_t before, std::uint64_t row) const;
};

// Which of the sums the kernels of a set of weights read; the others are not written.
struct WantedSums {
    bool offsets32 = false, offsets16 = false, sums32 = false, sums16 = false;

    void add(const quant::PackedKind& kind, const PackedKernels& kernels) {
        (kind.group == 32 ? offsets32 : offsets16) |= kernels.reads_offsets(kind);
        (kind.group == 32 ? sums32 : sums16) |= kind.has_minima();
    }
};

// A group of rows (RowGroups) is kept in one of two forms.
struct PackedRows {
    QuantizedRows codes;
    std::optional<QuantizedRows>
        residual;                          // what the rounding to `codes` lost, where some inputs are precise
    std::uint16_t* tiles = nullptr;        // bf16
    const TileKernels* kernels = nullptr;  // of tiles; null: all groups are kept as codes

    PackedRows(Builder& b, std::uint64_t max_rows, std::uint64_t columns, bool precise,
               const TileKernels* tile_kernels);

    // Else as codes.
    bool as_tiles(Range group) const {
        return kernels != nullptr && group.last - group.first >= kernels->min_rows;
    }
};

std::unique_ptr<Stage> quantize_stage(const LinearOperands& input, const PackedRows& to, WantedSums wanted,
                                      const PackedKernels& kernels);

}  // namespace lamina::cpu
