#include "cpu/ops/packed_rows.hpp"

#include <algorithm>
#include <array>

#include "base/checked.hpp"

namespace lamina::cpu {
namespace {

QuantizedRows quantized(Builder& b, std::uint64_t rows, std::uint64_t columns) {
    QuantizedRows q;
    q.column_blocks = div_up(columns, block_columns);
    const std::uint64_t count = rows * q.column_blocks;
    q.codes = b.scratch_of<std::int8_t>(count * block_columns);
    q.scales = b.scratch_of<float>(count);
    q.offsets32 = b.scratch_of<std::int32_t>(count);
    q.sums32 = b.scratch_of<float>(count);
    q.offsets16 = b.scratch_of<std::int32_t>(2 * count);
    q.sums16 = b.scratch_of<float>(2 * count);
    return q;
}

class QuantizeStage final : public RowStage {
  public:
    QuantizeStage(const LinearOperands& o, const PackedRows& to, WantedSums wanted,
                  const PackedKernels& kernels)
        : RowStage(RowKind::of(o.slot)),
          in_(o.in),
          columns_(o.weight->columns),
          slot_(o.slot),
          groups_(o.groups),
          to_(to),
          wanted_(wanted),
          kernels_(kernels) {}

    std::string_view part() const override { return "quantize"; }

  private:
    void run_rows(const backend::Step& step, Range rows) const override {
        const std::uint64_t all = step.rows(slot_);
        std::uint64_t matrix = 0;
        for (std::uint64_t row = rows.first; row < rows.last; ++row) {
            while (row >= groups_.of(matrix, all).last) ++matrix;
            const Range group = groups_.of(matrix, all);
            if (to_.as_tiles(group)) {
                narrow(row, group);
            } else {
                quantize(row, group);
            }
        }
    }

    // The block of `most` rows, or what is left at the group's end, that a row lies in.
    struct Block {
        std::uint64_t start;
        std::uint32_t rows;
    };
    static Block block_of(std::uint64_t row, Range group, std::uint32_t most) {
        const std::uint64_t start = group.first + (row - group.first) / most * most;
        return {start, block_rows(group.last - start, most)};
    }

    void narrow(std::uint64_t row, Range group) const {
        const auto [start, block] = block_of(row, group, tile_rows);
        const std::uint64_t before = start * to_.codes.column_blocks + (row - start);
        to_.kernels->row({.x = in_ + row * columns_,
                          .count = columns_,
                          .block = block,
                          .out = to_.tiles + before * block_columns});
    }

    void quantize(std::uint64_t row, Range group) const {
        const auto [start, block] = block_of(row, group, kernels_.max_block);
        const std::uint64_t before = start * to_.codes.column_blocks;
        const float* x = in_ + row * columns_;
        if (!to_.residual) {
            quantize_to(to_.codes.from(before, row - start), x, columns_, to_.codes.column_blocks, block,
                        nullptr);
            return;
        }
        constexpr std::uint64_t together =
            32;  // column blocks, so that what is lost stays in the nearest cache
        std::array<float, together * block_columns> residual;
        for (std::uint64_t g = 0; g < to_.codes.column_blocks; g += together) {
            const std::uint64_t count = std::min(together, to_.codes.column_blocks - g),
                                at = before + g * block, left = columns_ - g * block_columns;
            quantize_to(to_.codes.from(at, row - start), x + g * block_columns, left, count, block,
                        residual.data());
            quantize_to(to_.residual->from(at, row - start), residual.data(), count * block_columns, count,
                        block, nullptr);
        }
    }

    // `column blocks` of them, from the first of `count` inputs on.
    void quantize_to(const QuantizedRows& to, const float* x, std::uint64_t count,
                     std::uint64_t column_blocks, std::uint32_t block, float* residual) const {
        kernels_.quantize({.x = x,
                           .count = count,
                           .first = 0,
                           .last = column_blocks,
                           .block = block,
                           .codes = to.codes,
                           .scales = to.scales,
                           .offsets32 = wanted_.offsets32 ? to.offsets32 : nullptr,
                           .offsets16 = wanted_.offsets16 ? to.offsets16 : nullptr,
                           .sums32 = wanted_.sums32 ? to.sums32 : nullptr,
                           .sums16 = wanted_.sums16 ? to.sums16 : nullptr,
                           .residual = residual});
    }

    const float* in_;
    std::uint64_t columns_;
    backend::SlotInfo slot_;
    RowGroups groups_;
    PackedRows to_;
    WantedSums wanted_;
    const PackedKernels& kernels_;
};

}  // namespace

QuantizedRows QuantizedRows::from(std::uint64_t before, std::uint64_t row) const {
    return {.column_blocks = column_blocks,
            .codes = codes + (before + row) * block_columns,
            .scales = scales + before + row,
            .offsets32 = offsets32 + before + row,
            .offsets16 = offsets16 + 2 * before + row,
            .sums32 = sums32 + before + row,
            .sums16 = sums16 + 2 * before + row};
}

PackedRows::PackedRows(Builder& b, std::uint64_t max_rows, std::uint64_t columns, bool precise,
                       const TileKernels* tile_kernels)
    : codes(quantized(b, max_rows, columns)), kernels(tile_kernels) {
    if (precise) residual = quantized(b, max_rows, columns);
    // Kernels may read a tile beyond the last row.
    if (kernels) {
        const std::uint64_t bytes =
            max_rows * codes.column_blocks * block_columns * sizeof(std::uint16_t) + tile_bytes;
        tiles = reinterpret_cast<std::uint16_t*>(b.scratch(bytes));
    }
}

std::unique_ptr<Stage> quantize_stage(const LinearOperands& input, const PackedRows& to, WantedSums wanted,
                                      const PackedKernels& kernels) {
    return std::make_unique<QuantizeStage>(input, to, wanted, kernels);
}

}  // namespace lamina::cpu
