// Packed weights x rounded inputs.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/checked.hpp"
#include "cpu/machine.hpp"
#include "cpu/ops/ops.hpp"
#include "cpu/ops/packed_rows.hpp"
#include "quant/packed.hpp"

namespace lamina::cpu {
namespace {

struct PackedWeight {
    quant::PackedShape shape;
    PackedKernel kernel;
    TileKernel tile_kernel;  // null where there are no tiles
    DType type;
    bool blocks;            // data are the blocks of the file: panels are made as they are needed
    bool precise;           // inputs are codes and what rounding to them lost
    const std::byte* data;  // of all matrices
    const float* bias;
    float* out;
};

// Codes and factors of a panel and of those behind it.
struct Panels {
    const std::uint8_t *codes, *factors;

    Panels(const quant::PackedShape& shape, const std::byte* matrix, std::uint64_t panel)
        : codes(reinterpret_cast<const std::uint8_t*>(matrix + shape.codes_at(panel))),
          factors(reinterpret_cast<const std::uint8_t*>(matrix + shape.factors_at(panel))) {}
};

// A panel alone, as it is made from blocks.
quant::PackedShape one_panel(const quant::PackedShape& of, std::uint64_t rows) {
    return {of.kind, std::min<std::uint64_t>(rows, quant::panel_rows), of.columns};
}

// Scratch of a thread: a panel made from blocks, and what the kernels of tiles keep.
struct Room {
    std::byte* panel = nullptr;
    std::uint8_t* tiles = nullptr;
};

class PackedLinearStage final : public Stage {
  public:
    // `rooms`: room_bytes() of scratch for each thread.
    PackedLinearStage(const LinearOperands& o, const PackedRows& rows, std::uint32_t max_block,
                      std::byte* rooms, std::vector<PackedWeight> weights)
        : slot_(o.slot),
          groups_(o.groups),
          rows_(rows),
          max_block_(max_block),
          rooms_(rooms),
          weights_(std::move(weights)) {
        for (const PackedWeight& w : weights_)
            if (w.blocks) panel_bytes_ = std::max(panel_bytes_, one_panel(w.shape, w.shape.rows).bytes());
        room_bytes_ = room_bytes(panel_bytes_, rows.kernels);
    }

    static std::uint64_t room_bytes(std::uint64_t panel_bytes, const TileKernels* tiles) {
        return panel_bytes + (tiles ? tile_room_bytes : 0);
    }

    // The work is cut along the rows of each matrix, these along chunks that stay in the second-level cache,
    // within a chunk along panels. Threads take contiguous shares of its cost: the bytes of weights for few
    // rows, the multiplications for many.
    void run(const backend::Step& step, Worker worker) const override {
        const Room room = room_of(worker);
        for_each_piece(step, worker, [&](const PackedWeight& w, Share panels, const Chunk& chunk) {
            multiply(w, panels, chunk, room);
        });
    }

    // What the kernel would ask for too late: it looks ahead of where it is. The rows of several
    // matrices are not known yet.
    void fetch(const backend::Step& step, Worker worker) const override {
        if (groups_.matrices > 1) return;
        bool first = true;
        for_each_piece(step, worker, [&](const PackedWeight& w, Share panels, const Chunk& chunk) {
            if (!std::exchange(first, false) || w.blocks) return;
            const Panels data(w.shape, w.data + chunk.matrix * w.shape.bytes(), panels.first);
            for (std::uint64_t i = 0; i < near_fetch; i += 64) __builtin_prefetch(data.codes + i);
            for (std::uint64_t i = 0; i < near_factors; i += 64) __builtin_prefetch(data.factors + i);
        });
    }

  private:
    static constexpr std::uint64_t chunk_bytes = 256 * 1024;
    static constexpr std::uint64_t precise_rows = 256;  // of a chunk, with 16 KiB of results on the stack

    // Rows [first, last) of a matrix's rows.
    struct Chunk {
        std::uint64_t matrix = 0;
        Share group;
        bool as_tiles = false;
        std::uint64_t first = 0, last = 0;  // from the start of the group

        std::uint64_t rows() const { return last - first; }
    };

    // visit(weight, panels, chunk): what is this thread's, none of it empty.
    template <class Visit>
    void for_each_piece(const backend::Step& step, Worker worker, Visit visit) const {
        const std::uint64_t rows = step.rows(slot_);
        std::uint64_t cost = 0;
        for_each_chunk(rows, [&](const Chunk& chunk) {
            for (const PackedWeight& w : weights_) cost += w.shape.panels() * panel_cost(w, chunk);
        });
        const Share mine = share(cost, worker);
        std::uint64_t at = 0;
        for_each_chunk(rows, [&](const Chunk& chunk) {
            for (const PackedWeight& w : weights_) {
                const std::uint64_t one = panel_cost(w, chunk), panels = w.shape.panels();
                // A panel is its thread's where its start is in the share.
                const std::uint64_t first = mine.first > at ? div_up(mine.first - at, one) : 0;
                const std::uint64_t last = mine.last > at ? std::min(div_up(mine.last - at, one), panels) : 0;
                if (first < last) visit(w, Share{first, last}, chunk);
                at += panels * one;
            }
        });
    }

    template <class Visit>
    void for_each_chunk(std::uint64_t rows, Visit visit) const {
        for (std::uint64_t m = 0; m < groups_.matrices; ++m) {
            const Share group = groups_.of(m, rows);
            const std::uint64_t count = group.last - group.first;
            const bool as_tiles = rows_.as_tiles(group);
            const std::uint64_t size = as_tiles ? tile_chunk(count) : code_chunk();
            for (std::uint64_t row = 0; row < count; row += size)
                visit(Chunk{m, group, as_tiles, row, std::min(row + size, count)});
        }
    }
    std::uint64_t code_chunk() const {
        const std::uint64_t fit = chunk_bytes / (rows_.codes.granules * granule);
        const std::uint64_t most = rows_.rest ? std::min(fit, precise_rows) : fit;
        return std::max<std::uint64_t>(most / max_block_, 1) * max_block_;
    }
    // Even ones: weights are made anew for each.
    static std::uint64_t tile_chunk(std::uint64_t count) {
        return align_up(div_up(count, div_up(count, tile_most_rows)), 2 * tile_rows);
    }

    static std::uint64_t panel_cost(const PackedWeight& w, const Chunk& chunk) {
        if (chunk.rows() < 8) return w.shape.panel_bytes();
        return w.shape.columns * chunk.rows() * (w.precise && !chunk.as_tiles ? 2 : 1);
    }

    Room room_of(Worker worker) const {
        std::byte* start = rooms_ + static_cast<std::uint64_t>(worker.thread) * room_bytes_;
        return {start, reinterpret_cast<std::uint8_t*>(start + panel_bytes_)};
    }

    void multiply(const PackedWeight& w, Share panels, const Chunk& chunk, const Room& room) const {
        // From blocks one panel is made at a time.
        const std::uint64_t together = chunk.as_tiles && !w.blocks ? tile_most_panels : 1;
        for (std::uint64_t p = panels.first; p < panels.last; p += together) {
            const Panels data = panels_of(w, chunk.matrix, p, room.panel);
            if (chunk.as_tiles) {
                multiply_tiles(w, data, {p, std::min(p + together, panels.last)}, chunk, room);
            } else {
                multiply_codes(w, data, p, chunk);
            }
        }
    }

    // From a panel on; one alone, made in `room`, where the weights are blocks.
    static Panels panels_of(const PackedWeight& w, std::uint64_t matrix, std::uint64_t panel,
                            std::byte* room) {
        if (!w.blocks) return {w.shape, w.data + matrix * w.shape.bytes(), panel};
        const std::uint64_t stored = row_bytes(w.type, w.shape.columns);
        const std::uint64_t first = panel * quant::panel_rows;
        const quant::PackedShape one = one_panel(w.shape, w.shape.rows - first);
        quant::pack(w.type, w.data + (matrix * w.shape.rows + first) * stored, one, 0, 1, room);
        return {one, room, 0};
    }

    // Of the chunk's first row and the panel's first output.
    static float* result(const PackedWeight& w, std::uint64_t panel, const Chunk& chunk) {
        return w.out + (chunk.group.first + chunk.first) * w.shape.rows + panel * quant::panel_rows;
    }
    static const float* bias_of(const PackedWeight& w, std::uint64_t panel, const Chunk& chunk) {
        return w.bias ? w.bias + chunk.matrix * w.shape.rows + panel * quant::panel_rows : nullptr;
    }

    void multiply_tiles(const PackedWeight& w, const Panels& data, Share panels, const Chunk& chunk,
                        const Room& room) const {
        const std::uint64_t start = (chunk.group.first + chunk.first) * rows_.codes.granules * granule;
        w.tile_kernel({.codes = data.codes,
                       .factors = data.factors,
                       .codes_bytes = w.shape.codes_bytes(),
                       .factors_bytes = w.shape.factors_bytes(),
                       .panel_count = static_cast<std::uint32_t>(panels.last - panels.first),
                       .granules = rows_.codes.granules,
                       .activations = rows_.tiles + start,
                       .rows = chunk.rows(),
                       .bias = bias_of(w, panels.first, chunk),
                       .out = result(w, panels.first, chunk),
                       .out_stride = w.shape.rows,
                       .outputs = std::min(panels.last * quant::panel_rows, w.shape.rows) -
                                  panels.first * quant::panel_rows,
                       .room = room.tiles});
    }

    void multiply_codes(const PackedWeight& w, const Panels& data, std::uint64_t panel,
                        const Chunk& chunk) const {
        float* out = result(w, panel, chunk);
        multiply_codes(w, data, panel, chunk, rows_.codes, bias_of(w, panel, chunk), out, w.shape.rows);
        if (!w.precise) return;
        // The panel is in the cache still: what the rounding of the inputs lost costs no second reading of
        // it.
        std::array<float, precise_rows * quant::panel_rows> rest;
        multiply_codes(w, data, panel, chunk, *rows_.rest, nullptr, rest.data(), quant::panel_rows);
        const std::uint64_t width =
            std::min<std::uint64_t>(quant::panel_rows, w.shape.rows - panel * quant::panel_rows);
        for (std::uint64_t r = 0; r < chunk.rows(); ++r) {
            for (std::uint64_t i = 0; i < width; ++i)
                out[r * w.shape.rows + i] += rest[r * quant::panel_rows + i];
        }
    }

    // The chunk's rows times a panel, to `out` from the chunk's first row on.
    void multiply_codes(const PackedWeight& w, const Panels& data, std::uint64_t panel, const Chunk& chunk,
                        const QuantizedRows& rows, const float* bias, float* out,
                        std::uint64_t out_stride) const {
        const bool by32 = w.shape.kind.group == 32;
        const QuantizedRows in = rows.from((chunk.group.first + chunk.first) * rows.granules, 0);
        w.kernel({.codes = data.codes,
                  .factors = data.factors,
                  .granules = in.granules,
                  .activations = in.codes,
                  .scales = in.scales,
                  .offsets = by32 ? in.offsets32 : in.offsets16,
                  .sums = by32 ? in.sums32 : in.sums16,
                  .first_row = 0,
                  .last_row = chunk.rows(),
                  .rows = chunk.group.last - chunk.group.first - chunk.first,
                  .bias = bias,
                  .out = out,
                  .out_stride = out_stride,
                  .width = static_cast<std::uint32_t>(
                      std::min<std::uint64_t>(quant::panel_rows, w.shape.rows - panel * quant::panel_rows)),
                  .far = far_});
    }

    backend::SlotInfo slot_;
    RowGroups groups_;
    PackedRows rows_;
    std::uint32_t max_block_;
    std::byte* rooms_;
    std::uint64_t panel_bytes_ = 0, room_bytes_ = 0;
    std::uint64_t far_ = wants_far_fetch() ? far_fetch : 0;
    std::vector<PackedWeight> weights_;
};

const PackedLevel& choose(const BuildContext& context, Refusals& refusals) {
    for (const PackedLevel& level : packed_levels()) {
        if (level.isa == Isa::scalar || allowed(level.isa, context, refusals)) return level;
    }
    return packed_levels().back();
}

}  // namespace

void add_packed_linears(const BuildContext& context, const std::vector<LinearOperands>& linears,
                        Stages& out) {
    Refusals refusals;
    refusals.add("onednn", "no scales by group");
    const TileKernels* tiles = context.inputs.tiles;
    if (tiles == nullptr && allowed(Isa::amx, context, refusals))
        refusals.add(std::string(to_string(Isa::amx)), context.inputs.precise
                                                           ? "rounds inputs to bf16"
                                                           : "rounds as the number of rows has it");
    const PackedLevel& level = choose(context, refusals);
    const LinearOperands& any = linears.front();
    const bool precise = std::any_of(linears.begin(), linears.end(), [](const auto& o) { return o.precise; });
    const PackedRows rows =
        lay_out(context.memory->scratch, any.max_rows, any.weight->columns, precise, tiles);
    std::byte* const rooms =
        context.memory->scratch + packed_rows_bytes(any.max_rows, any.weight->columns, precise, tiles);
    WantedSums wanted;
    std::vector<PackedWeight> weights;
    for (const LinearOperands& o : linears) {
        const quant::PackedKind& kind = quant::packed_kind(o.weight->type);
        const bool blocks = o.weight->form == backend::Form::file;
        wanted.add(kind, level.kernels);
        weights.push_back({.shape = {.kind = kind, .rows = o.weight->rows, .columns = o.weight->columns},
                           .kernel = level.kernels.panel[kind.index],
                           .tile_kernel = tiles ? tiles->panels[kind.index] : nullptr,
                           .type = o.weight->type,
                           .blocks = blocks,
                           .precise = o.precise,
                           .data = o.data,
                           .bias = o.bias,
                           .out = o.out});
        report_linear(context, *o.weight,
                      fmt::format("packed{} {}{}{}{}", kind.code_bits, to_string(level.isa),
                                  tiles ? fmt::format(", amx from {} rows", tiles->min_rows) : "",
                                  blocks ? ", from blocks" : "", o.precise ? ", 16-bit inputs" : ""),
                      refusals);
    }
    out.push_back(quantize_stage(any, rows, wanted, level.kernels));
    out.push_back(
        std::make_unique<PackedLinearStage>(any, rows, level.kernels.max_block, rooms, std::move(weights)));
}

std::uint64_t packed_scratch_bytes(const backend::WeightInfo& weight, const PackedInputs& inputs,
                                   bool precise, std::uint64_t rows, int threads) {
    std::uint64_t panel = 0;
    if (weight.form == backend::Form::file) {
        precise = true;  // one that shares its input may be, and the panel lies behind both
        const auto& kind = quant::packed_kind(weight.type);
        panel = one_panel({kind, weight.rows, weight.columns}, weight.rows).bytes();
    }
    return packed_rows_bytes(rows, weight.columns, precise, inputs.tiles) +
           static_cast<std::uint64_t>(threads) * PackedLinearStage::room_bytes(panel, inputs.tiles);
}

// Inputs are rounded to 8 bits, which changes logits by some 1 %. What the rounding lost can be rounded to 8
// bits and multiplied too (inputs of about 16 bits, twice the multiplications): where f32 is asked for, where
// there are routers, which 1 % makes choose other experts, and where there is so little to multiply that it
// does not matter. Values alone are a few percent of the multiplications and a fifth of the error: the cache
// keeps them. Tiles round weights to bf16 as well, and only where there are many rows: not for these,
// and not where a row's results may not depend on how many rows there are.
PackedInputs packed_inputs(const backend::Program& program, const backend::DeviceOptions& options, Isa isa) {
    constexpr std::uint64_t few_weights = 16u << 20;
    PackedInputs inputs;
    if (options.compute == backend::Compute::automatic) {
        std::uint64_t weights = 0;
        for (const auto& weight : program.weights) weights += weight.values();
        inputs.precise = !program.routings.empty() || weights < few_weights;
    } else {
        inputs.precise = options.compute == backend::Compute::f32;
    }
    if (isa == Isa::amx && !inputs.precise && !options.invariant) inputs.tiles = &amx_tiles;
    return inputs;
}

}  // namespace lamina::cpu
