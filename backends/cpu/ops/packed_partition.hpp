// How the work of packed Linears is cut and shared out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/checked.hpp"
#include "cpu/ops/packed_product.hpp"
#include "cpu/ops/packed_rows.hpp"

namespace lamina::cpu {

// Along the rows of each matrix, these along chunks, within a chunk along panels. Threads take contiguous
// shares of its cost.
class PackedPartition {
  public:
    // A chunk of rows as codes has a multiple of `max_block` rows, and at most `most_rows`.
    PackedPartition(const backend::SlotInfo& slot, const RowGroups& groups, const PackedRows& rows,
                    std::uint32_t max_block, std::uint64_t most_rows)
        : slot_(slot), groups_(groups), rows_(rows) {
        const std::uint64_t fit = chunk_bytes / (rows.codes.column_blocks * block_columns);
        code_chunk_ = std::max<std::uint64_t>(std::min(fit, most_rows) / max_block, 1) * max_block;
    }

    // visit(product, panels, chunk): what is this thread's, none of it empty.
    template <class Visit>
    void for_each_piece(std::span<const PackedProduct> products, const backend::Step& step, Worker worker,
                        Visit visit) const {
        const std::uint64_t rows = step.rows(slot_);
        std::uint64_t cost = 0;
        for_each_chunk(rows, [&](const Chunk& chunk) {
            for (const PackedProduct& p : products) cost += p.panels() * p.panel_cost(chunk);
        });
        const Range mine = range_of(cost, worker);
        std::uint64_t at = 0;
        for_each_chunk(rows, [&](const Chunk& chunk) {
            for (const PackedProduct& p : products) {
                const std::uint64_t one = p.panel_cost(chunk), panels = p.panels();
                // A panel is its thread's where its start is in the share.
                const std::uint64_t first = mine.first > at ? div_up(mine.first - at, one) : 0;
                const std::uint64_t last = mine.last > at ? std::min(div_up(mine.last - at, one), panels) : 0;
                if (first < last) visit(p, Range{first, last}, chunk);
                at += panels * one;
            }
        });
    }

  private:
    static constexpr std::uint64_t chunk_bytes = 256 * 1024;

    template <class Visit>
    void for_each_chunk(std::uint64_t rows, Visit visit) const {
        for (std::uint64_t m = 0; m < groups_.matrices; ++m) {
            const Range group = groups_.of(m, rows);
            const std::uint64_t count = group.last - group.first;
            const bool as_tiles = rows_.as_tiles(group);
            const std::uint64_t size = as_tiles ? tile_chunk(count) : code_chunk_;
            for (std::uint64_t row = 0; row < count; row += size)
                visit(Chunk{m, group, as_tiles, row, std::min(row + size, count)});
        }
    }
    // Even ones: weights are made anew for each.
    static std::uint64_t tile_chunk(std::uint64_t count) {
        return align_up(div_up(count, div_up(count, tile_most_rows)), 2 * tile_rows);
    }

    backend::SlotInfo slot_;
    RowGroups groups_;
    PackedRows rows_;
    std::uint64_t code_chunk_ = 0;
};

}  // namespace lamina::cpu
