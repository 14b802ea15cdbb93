#include "cpu/ops/packed_multiply.hpp"

#include <algorithm>
#include <array>

#include "base/checked.hpp"
#include "cpu/machine.hpp"

namespace lamina::cpu {

Panels PackedMatrix::panels(std::uint64_t matrix, std::uint64_t panel, std::byte* scratch) const {
    if (!blocks) return {shape, data + matrix * shape.bytes(), panel};
    const std::uint64_t stored = row_bytes(type, shape.columns);
    const std::uint64_t first = panel * quant::panel_rows;
    const quant::PackedShape one = one_panel(shape, shape.rows - first);
    quant::pack(type, data + (matrix * shape.rows + first) * stored, one, 0, 1, scratch);
    return {one, scratch, 0};
}

ThreadScratches::ThreadScratches(Builder& b, std::uint64_t panel_bytes, const TileKernels* tiles)
    : panel_bytes_(align_up(panel_bytes, 64)),
      tile_bytes_(tiles ? tile_scratch_bytes : 0),
      kept_floats_(quant::panel_rows * (tiles ? tile_most_rows * kept_panels : kept_rows)),
      all_(b.scratch(static_cast<std::uint64_t>(b.threads()) * bytes())) {}

ThreadScratch ThreadScratches::of(Worker worker) const {
    std::byte* start = all_ + static_cast<std::uint64_t>(worker.thread) * bytes();
    std::byte* tiles = start + panel_bytes_;
    auto* gate = reinterpret_cast<float*>(tiles + tile_bytes_);
    return {.panel = start,
            .tiles = reinterpret_cast<std::uint8_t*>(tiles),
            .gate = gate,
            .up = gate + kept_floats_};
}

PackedMultiply::PackedMultiply(const PackedRows& rows)
    : rows_(rows), prefetch_(wants_l2_prefetch() ? l2_prefetch_distance : 0) {}

void PackedMultiply::operator()(const PackedMatrix& w, Range panels, const Chunk& chunk, Results to,
                                const ThreadScratch& scratch) const {
    // From blocks one panel is made at a time.
    const std::uint64_t together = chunk.as_tiles && !w.blocks ? tile_most_panels : 1;
    for (std::uint64_t p = panels.first; p < panels.last; p += together) {
        const Panels data = w.panels(chunk.matrix, p, scratch.panel);
        const Results here = {to.at + (p - panels.first) * quant::panel_rows, to.stride};
        if (chunk.as_tiles) {
            tiles(w, data, {p, std::min(p + together, panels.last)}, chunk, here, scratch);
        } else {
            codes(w, data, p, chunk, here);
        }
    }
}

void PackedMultiply::tiles(const PackedMatrix& w, const Panels& data, Range panels, const Chunk& chunk,
                           Results to, const ThreadScratch& scratch) const {
    w.tile_kernel({.codes = data.codes,
                   .weight_scales = data.weight_scales,
                   .codes_bytes = w.shape.codes_bytes(),
                   .scale_bytes = w.shape.scale_bytes(),
                   .panel_count = static_cast<std::uint32_t>(panels.last - panels.first),
                   .column_blocks = rows_.codes.column_blocks,
                   .activations = rows_.tiles + chunk.first_row() * rows_.codes.column_blocks * block_columns,
                   .rows = chunk.rows(),
                   .bias = w.bias_at(chunk.matrix, panels.first),
                   .out = to.at,
                   .out_stride = to.stride,
                   .outputs = w.outputs(panels),
                   .scratch = scratch.tiles});
}

void PackedMultiply::codes(const PackedMatrix& w, const Panels& data, std::uint64_t panel, const Chunk& chunk,
                           Results to) const {
    codes(w, data, panel, chunk, rows_.codes, w.bias_at(chunk.matrix, panel), to);
    if (!w.precise) return;
    // The panel is in the cache still: what rounding the inputs lost costs no second reading of it.
    std::array<float, kept_rows * quant::panel_rows> residual;
    codes(w, data, panel, chunk, *rows_.residual, nullptr, {residual.data(), quant::panel_rows});
    const std::uint64_t width = w.outputs({panel, panel + 1});
    for (std::uint64_t r = 0; r < chunk.rows(); ++r) {
        for (std::uint64_t i = 0; i < width; ++i)
            to.at[r * to.stride + i] += residual[r * quant::panel_rows + i];
    }
}

void PackedMultiply::codes(const PackedMatrix& w, const Panels& data, std::uint64_t panel, const Chunk& chunk,
                           const QuantizedRows& rows, const float* bias, Results to) const {
    const bool by32 = w.shape.kind.group == 32;
    const QuantizedRows in = rows.from(chunk.first_row() * rows.column_blocks, 0);
    w.kernel({.codes = data.codes,
              .weight_scales = data.weight_scales,
              .column_blocks = in.column_blocks,
              .activations = in.codes,
              .scales = in.scales,
              .offsets = by32 ? in.offsets32 : in.offsets16,
              .sums = by32 ? in.sums32 : in.sums16,
              .first_row = 0,
              .last_row = chunk.rows(),
              .rows = chunk.group.last - chunk.first_row(),
              .bias = bias,
              .out = to.at,
              .out_stride = to.stride,
              .width = static_cast<std::uint32_t>(w.outputs({panel, panel + 1})),
              .l2_prefetch_bytes = prefetch_});
}

}  // namespace lamina::cpu
