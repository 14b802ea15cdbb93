// Packed weights x rounded inputs.
#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/checked.hpp"
#include "cpu/layout.hpp"
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

// Matrices of one shape whose results become one, a gate and what it lets through, or a matrix alone.
struct Product {
    PackedWeight weight;
    std::optional<PackedWeight> up = std::nullopt;
    FloatKernels::Activation activation = nullptr;  // null: the results are the weight's
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

// Scratch of a thread.
struct Room {
    std::byte* panel = nullptr;            // made from blocks
    std::uint8_t* tiles = nullptr;         // of their kernels
    float *gate = nullptr, *up = nullptr;  // results that are not activated yet
};

// Where results go: of a chunk's first row and a run's first output, and how far apart rows lie.
struct Results {
    float* at;
    std::uint64_t stride;
};

class PackedLinearStage final : public Stage {
  public:
    // `rooms`: room_bytes() of scratch for each thread.
    PackedLinearStage(const LinearOperands& o, const PackedRows& rows, std::uint32_t max_block,
                      std::byte* rooms, std::vector<Product> products)
        : slot_(o.slot),
          groups_(o.groups),
          rows_(rows),
          max_block_(max_block),
          rooms_(rooms),
          products_(std::move(products)) {
        for (const Product& p : products_) {
            activates_ |= p.activation != nullptr;
            for (const PackedWeight* w : {&p.weight, p.up ? &*p.up : &p.weight})
                if (w->blocks)
                    panel_bytes_ = std::max(panel_bytes_, one_panel(w->shape, w->shape.rows).bytes());
        }
        room_bytes_ = room_bytes(panel_bytes_, rows.kernels);
    }

    static std::uint64_t room_bytes(std::uint64_t panel_bytes, const TileKernels* tiles) {
        return align_up(panel_bytes, 64) + (tiles ? tile_room_bytes : 0) +
               2 * room_floats(tiles) * sizeof(float);
    }

    // The work is cut along the rows of each matrix, these along chunks that stay in the second-level cache,
    // within a chunk along panels. Threads take contiguous shares of its cost: the bytes of weights for few
    // rows, the multiplications for many.
    void run(const backend::Step& step, Worker worker) const override {
        const Room room = room_of(worker);
        for_each_piece(step, worker, [&](const Product& p, Share panels, const Chunk& chunk) {
            if (p.activation == nullptr) {
                multiply(p.weight, panels, chunk, result(p, panels.first, chunk), room);
            } else {
                activate(p, panels, chunk, room);
            }
        });
    }

    // What the kernel would ask for too late: it looks ahead of where it is. The rows of several
    // matrices are not known yet.
    void fetch(const backend::Step& step, Worker worker) const override {
        if (groups_.matrices > 1) return;
        bool first = true;
        for_each_piece(step, worker, [&](const Product& p, Share panels, const Chunk& chunk) {
            const PackedWeight& w = p.weight;
            if (!std::exchange(first, false) || w.blocks) return;
            const Panels data(w.shape, w.data + chunk.matrix * w.shape.bytes(), panels.first);
            for (std::uint64_t i = 0; i < near_fetch; i += 64) __builtin_prefetch(data.codes + i);
            for (std::uint64_t i = 0; i < near_factors; i += 64) __builtin_prefetch(data.factors + i);
        });
    }

  private:
    static constexpr std::uint64_t chunk_bytes = 256 * 1024;
    // Results that stay for a while: rows of one panel, panels of many rows as tiles.
    static constexpr std::uint64_t kept_rows = 256, kept_panels = 4;

    // Of each of two matrices, until they are activated.
    static std::uint64_t room_floats(const TileKernels* tiles) {
        return quant::panel_rows * (tiles ? tile_most_rows * kept_panels : kept_rows);
    }

    // Rows [first, last) of a matrix's rows.
    struct Chunk {
        std::uint64_t matrix = 0;
        Share group;
        bool as_tiles = false;
        std::uint64_t first = 0, last = 0;  // from the start of the group

        std::uint64_t rows() const { return last - first; }
    };

    // visit(product, panels, chunk): what is this thread's, none of it empty.
    template <class Visit>
    void for_each_piece(const backend::Step& step, Worker worker, Visit visit) const {
        const std::uint64_t rows = step.rows(slot_);
        std::uint64_t cost = 0;
        for_each_chunk(rows, [&](const Chunk& chunk) {
            for (const Product& p : products_) cost += p.weight.shape.panels() * panel_cost(p, chunk);
        });
        const Share mine = share(cost, worker);
        std::uint64_t at = 0;
        for_each_chunk(rows, [&](const Chunk& chunk) {
            for (const Product& p : products_) {
                const std::uint64_t one = panel_cost(p, chunk), panels = p.weight.shape.panels();
                // A panel is its thread's where its start is in the share.
                const std::uint64_t first = mine.first > at ? div_up(mine.first - at, one) : 0;
                const std::uint64_t last = mine.last > at ? std::min(div_up(mine.last - at, one), panels) : 0;
                if (first < last) visit(p, Share{first, last}, chunk);
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
        const std::uint64_t most = rows_.rest || activates_ ? std::min(fit, kept_rows) : fit;
        return std::max<std::uint64_t>(most / max_block_, 1) * max_block_;
    }
    // Even ones: weights are made anew for each.
    static std::uint64_t tile_chunk(std::uint64_t count) {
        return align_up(div_up(count, div_up(count, tile_most_rows)), 2 * tile_rows);
    }

    static std::uint64_t panel_cost(const Product& p, const Chunk& chunk) {
        return panel_cost(p.weight, chunk) + (p.up ? panel_cost(*p.up, chunk) : 0);
    }
    static std::uint64_t panel_cost(const PackedWeight& w, const Chunk& chunk) {
        if (chunk.rows() < 8) return w.shape.panel_bytes();
        return w.shape.columns * chunk.rows() * (w.precise && !chunk.as_tiles ? 2 : 1);
    }

    Room room_of(Worker worker) const {
        std::byte* start = rooms_ + static_cast<std::uint64_t>(worker.thread) * room_bytes_;
        std::byte* tiles = start + align_up(panel_bytes_, 64);
        auto* gate = reinterpret_cast<float*>(tiles + (rows_.kernels ? tile_room_bytes : 0));
        return {.panel = start,
                .tiles = reinterpret_cast<std::uint8_t*>(tiles),
                .gate = gate,
                .up = gate + room_floats(rows_.kernels)};
    }

    // As many panels at a time as there is room for the results of.
    void activate(const Product& p, Share panels, const Chunk& chunk, const Room& room) const {
        const std::uint64_t run =
            chunk.as_tiles ? kept_panels : kept_rows / std::min(chunk.rows(), kept_rows);
        for (Share part{panels.first, 0}; part.first < panels.last; part.first = part.last) {
            part.last = std::min(part.first + run, panels.last);
            const std::uint64_t width = outputs(p.weight, part), count = width * chunk.rows();
            multiply(p.weight, part, chunk, {room.gate, width}, room);
            if (p.up) multiply(*p.up, part, chunk, {room.up, width}, room);
            p.activation(room.gate, p.up ? room.up : nullptr, room.gate, count);
            const Results to = result(p, part.first, chunk);
            for (std::uint64_t r = 0; r < chunk.rows(); ++r)
                std::copy_n(room.gate + r * width, width, to.at + r * to.stride);
        }
    }

    void multiply(const PackedWeight& w, Share panels, const Chunk& chunk, Results to,
                  const Room& room) const {
        // From blocks one panel is made at a time.
        const std::uint64_t together = chunk.as_tiles && !w.blocks ? tile_most_panels : 1;
        for (std::uint64_t p = panels.first; p < panels.last; p += together) {
            const Panels data = panels_of(w, chunk.matrix, p, room.panel);
            const Results here = {to.at + (p - panels.first) * quant::panel_rows, to.stride};
            if (chunk.as_tiles) {
                multiply_tiles(w, data, {p, std::min(p + together, panels.last)}, chunk, here, room);
            } else {
                multiply_codes(w, data, p, chunk, here);
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

    static Results result(const Product& p, std::uint64_t panel, const Chunk& chunk) {
        const std::uint64_t width = p.weight.shape.rows;
        return {p.out + (chunk.group.first + chunk.first) * width + panel * quant::panel_rows, width};
    }
    static std::uint64_t outputs(const PackedWeight& w, Share panels) {
        return std::min(panels.last * quant::panel_rows, w.shape.rows) - panels.first * quant::panel_rows;
    }
    static const float* bias_of(const PackedWeight& w, std::uint64_t panel, const Chunk& chunk) {
        return w.bias ? w.bias + chunk.matrix * w.shape.rows + panel * quant::panel_rows : nullptr;
    }

    void multiply_tiles(const PackedWeight& w, const Panels& data, Share panels, const Chunk& chunk,
                        Results to, const Room& room) const {
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
                       .out = to.at,
                       .out_stride = to.stride,
                       .outputs = outputs(w, panels),
                       .room = room.tiles});
    }

    void multiply_codes(const PackedWeight& w, const Panels& data, std::uint64_t panel, const Chunk& chunk,
                        Results to) const {
        multiply_codes(w, data, panel, chunk, rows_.codes, bias_of(w, panel, chunk), to);
        if (!w.precise) return;
        // The panel is in the cache still: what rounding the inputs lost costs no second reading of it.
        std::array<float, kept_rows * quant::panel_rows> rest;
        multiply_codes(w, data, panel, chunk, *rows_.rest, nullptr, {rest.data(), quant::panel_rows});
        const std::uint64_t width = outputs(w, {panel, panel + 1});
        for (std::uint64_t r = 0; r < chunk.rows(); ++r) {
            for (std::uint64_t i = 0; i < width; ++i)
                to.at[r * to.stride + i] += rest[r * quant::panel_rows + i];
        }
    }

    void multiply_codes(const PackedWeight& w, const Panels& data, std::uint64_t panel, const Chunk& chunk,
                        const QuantizedRows& rows, const float* bias, Results to) const {
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
                  .out = to.at,
                  .out_stride = to.stride,
                  .width = static_cast<std::uint32_t>(outputs(w, {panel, panel + 1})),
                  .far = far_});
    }

    backend::SlotInfo slot_;
    RowGroups groups_;
    PackedRows rows_;
    std::uint32_t max_block_;
    std::byte* rooms_;
    std::uint64_t panel_bytes_ = 0, room_bytes_ = 0;
    std::uint64_t far_ = wants_far_fetch() ? far_fetch : 0;
    std::vector<Product> products_;
    bool activates_ = false;
};

const PackedLevel& choose(const BuildContext& context, Refusals& refusals) {
    for (const PackedLevel& level : packed_levels()) {
        if (level.isa == Isa::scalar || allowed(level.isa, context, refusals)) return level;
    }
    return packed_levels().back();
}

PackedWeight packed_weight(const LinearOperands& o, const PackedKernels& kernels, const TileKernels* tiles) {
    const quant::PackedKind& kind = quant::packed_kind(o.weight->type);
    return {.shape = {.kind = kind, .rows = o.weight->rows, .columns = o.weight->columns},
            .kernel = kernels.panel[kind.index],
            .tile_kernel = tiles ? tiles->panels[kind.index] : nullptr,
            .type = o.weight->type,
            .blocks = layout_of(*o.weight) == Layout::file,
            .precise = o.precise(),
            .data = o.data,
            .bias = o.bias,
            .out = o.out};
}

std::vector<Product> products_of(const std::vector<PackedWeight>& weights, const ActivateOperands* activate) {
    std::vector<Product> products;
    for (const PackedWeight& w : weights) {
        if (activate == nullptr || (w.out != activate->gate && w.out != activate->up)) {
            products.push_back({.weight = w, .out = w.out});
        } else if (w.out == activate->gate) {
            Product p{.weight = w, .activation = activate->kernel, .out = activate->out};
            for (const PackedWeight& other : weights)
                if (other.out == activate->up) p.up = other;
            products.push_back(p);
        }
    }
    return products;
}

}  // namespace

void add_packed_linears(const BuildContext& context, const std::vector<LinearOperands>& linears,
                        const ActivateOperands* activate, Stages& out) {
    Refusals refusals;
    refusals.add("onednn", "no scales by group");
    const bool matrix_unit = std::ranges::all_of(linears, &LinearOperands::matrix_unit);
    const TileKernels* tiles = matrix_unit ? context.tiles : nullptr;
    if (tiles == nullptr && allowed(Isa::amx, context, refusals)) {
        const bool invariant = context.program->row_invariant;
        refusals.add("amx", invariant ? "rounds as the number of rows has it" : "rounds inputs to bf16");
    }
    const PackedLevel& level = choose(context, refusals);
    const LinearOperands& any = linears.front();
    const bool precise = std::ranges::any_of(linears, &LinearOperands::precise);
    const PackedRows rows =
        lay_out(context.memory->scratch, any.max_rows, any.weight->columns, precise, tiles);
    std::byte* const rooms =
        context.memory->scratch + packed_rows_bytes(any.max_rows, any.weight->columns, precise, tiles);
    WantedSums wanted;
    std::vector<PackedWeight> weights;
    for (const LinearOperands& o : linears) {
        const auto& kind = quant::packed_kind(o.weight->type);
        wanted.add(kind, level.kernels);
        weights.push_back(packed_weight(o, level.kernels, tiles));
        report_linear(
            context, *o.weight,
            fmt::format("packed{} {}{}{}{}", kind.code_bits, to_string(level.isa),
                        tiles ? fmt::format(", amx from {} rows", tiles->min_rows) : "",
                        weights.back().blocks ? ", from blocks" : "", o.precise() ? ", 16-bit inputs" : ""),
            refusals);
    }
    out.push_back(quantize_stage(any, rows, wanted, level.kernels));
    out.push_back(std::make_unique<PackedLinearStage>(any, rows, level.kernels.max_block, rooms,
                                                      products_of(weights, activate)));
}

std::uint64_t packed_scratch_bytes(const backend::WeightInfo& weight, const TileKernels* tiles, bool precise,
                                   std::uint64_t rows, int threads) {
    std::uint64_t panel = 0;
    if (layout_of(weight) == Layout::file) {
        precise = true;  // one that shares its input may be, and the panel lies behind both
        const auto& kind = quant::packed_kind(weight.type);
        panel = one_panel({kind, weight.rows, weight.columns}, weight.rows).bytes();
    }
    return packed_rows_bytes(rows, weight.columns, precise, tiles) +
           static_cast<std::uint64_t>(threads) * PackedLinearStage::room_bytes(panel, tiles);
}

}  // namespace lamina::cpu
