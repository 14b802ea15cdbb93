// Packed weights x rounded inputs: a stage that rounds the rows (packed_rows.cpp), and one that multiplies.
#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cpu/layout.hpp"
#include "cpu/ops/ops.hpp"
#include "cpu/ops/packed_multiply.hpp"
#include "cpu/ops/packed_partition.hpp"

namespace lamina::cpu {
namespace {

class PackedLinearStage final : public Stage {
  public:
    PackedLinearStage(const RowGroups& groups, const PackedPartition& partition,
                      const PackedMultiply& multiply, const ThreadScratches& scratch,
                      std::vector<PackedProduct> products)
        : groups_(groups),
          partition_(partition),
          multiply_(multiply),
          scratch_(scratch),
          products_(std::move(products)) {}

    void run(const backend::Step& step, Worker worker) const override {
        const ThreadScratch scratch = scratch_.of(worker);
        partition_.for_each_piece(
            products_, step, worker, [&](const PackedProduct& p, Range panels, const Chunk& chunk) {
                if (p.activation == nullptr) {
                    multiply_(p.weight, panels, chunk, result(p, panels.first, chunk), scratch);
                } else {
                    activate(p, panels, chunk, scratch);
                }
            });
    }

    // What the kernel would ask for too late: it looks ahead of where it is. The rows of several
    // matrices are not known yet.
    void fetch(const backend::Step& step, Worker worker) const override {
        if (groups_.matrices > 1) return;
        bool first = true;
        partition_.for_each_piece(products_, step, worker,
                                  [&](const PackedProduct& p, Range panels, const Chunk& chunk) {
                                      const PackedMatrix& w = p.weight;
                                      if (!std::exchange(first, false) || w.blocks) return;
                                      const Panels data = w.panels(chunk.matrix, panels.first, nullptr);
                                      for (std::uint64_t i = 0; i < prefetch_distance; i += 64)
                                          __builtin_prefetch(data.codes + i);
                                      for (std::uint64_t i = 0; i < prefetch_distance_scales; i += 64)
                                          __builtin_prefetch(data.weight_scales + i);
                                  });
    }

  private:
    // As many panels at a time as there is room for the results of.
    void activate(const PackedProduct& p, Range panels, const Chunk& chunk,
                  const ThreadScratch& scratch) const {
        const std::uint64_t run =
            chunk.as_tiles ? kept_panels : kept_rows / std::min(chunk.rows(), kept_rows);
        for (Range part{panels.first, 0}; part.first < panels.last; part.first = part.last) {
            part.last = std::min(part.first + run, panels.last);
            const std::uint64_t width = p.weight.outputs(part), count = width * chunk.rows();
            multiply_(p.weight, part, chunk, {scratch.gate, width}, scratch);
            if (p.up) multiply_(*p.up, part, chunk, {scratch.up, width}, scratch);
            p.activation(scratch.gate, p.up ? scratch.up : nullptr, scratch.gate, count);
            const Results to = result(p, part.first, chunk);
            for (std::uint64_t r = 0; r < chunk.rows(); ++r)
                std::copy_n(scratch.gate + r * width, width, to.at + r * to.stride);
        }
    }

    static Results result(const PackedProduct& p, std::uint64_t panel, const Chunk& chunk) {
        const std::uint64_t width = p.weight.shape.rows;
        return {p.out + chunk.first_row() * width + panel * quant::panel_rows, width};
    }

    RowGroups groups_;
    PackedPartition partition_;
    PackedMultiply multiply_;
    ThreadScratches scratch_;
    std::vector<PackedProduct> products_;
};

const Level<PackedKernels>& choose(const Builder& b, Refusals& refusals) {
    return *first_level(packed_levels(), [&](const auto& level) { return b.allows(level.isa, refusals); });
}

// The kernels of the matrix unit, where all of the group may use it.
const TileKernels* choose_tiles(const LinearGroup& group, const Builder& b, Refusals& refusals) {
    const TileKernels* tiles =
        std::ranges::all_of(group.linears, &LinearOperands::matrix_unit) ? b.tiles() : nullptr;
    if (tiles == nullptr && b.allows(Isa::amx, refusals)) {
        const bool invariant = b.program().row_invariant;
        refusals.add("amx", invariant ? "rounds as the number of rows has it" : "rounds inputs to bf16");
    }
    return tiles;
}

PackedMatrix packed_matrix(const LinearOperands& o, const PackedKernels& kernels, const TileKernels* tiles) {
    const quant::PackedKind& kind = quant::packed_kind(o.weight->type);
    return {.shape = {.kind = kind, .rows = o.weight->rows, .columns = o.weight->columns},
            .kernel = kernels.panel[kind.index],
            .tile_kernel = tiles ? tiles->panels[kind.index] : nullptr,
            .type = o.weight->type,
            .blocks = layout_of(*o.weight) == Layout::file,
            .precise = o.precise(),
            .data = o.data,
            .bias = o.bias};
}

// Matrices as they are, but a gate and what it lets through together, where they are activated here.
std::vector<PackedProduct> products_of(const LinearGroup& group, const PackedKernels& kernels,
                                       const TileKernels* tiles) {
    std::vector<PackedProduct> products;
    const auto& activate = group.activate;
    for (const LinearOperands& o : group.linears) {
        const PackedMatrix matrix = packed_matrix(o, kernels, tiles);
        if (!activate || (o.out != activate->gate && o.out != activate->up)) {
            products.push_back({.weight = matrix, .out = o.out});
        } else if (o.out == activate->gate) {
            PackedProduct p{.weight = matrix, .activation = activate->kernel, .out = activate->out};
            for (const LinearOperands& other : group.linears)
                if (other.out == activate->up) p.up = packed_matrix(other, kernels, tiles);
            products.push_back(p);
        }
    }
    return products;
}

void report(const LinearGroup& group, const Level<PackedKernels>& level, const TileKernels* tiles,
            const Refusals& refusals, Builder& b) {
    for (const LinearOperands& o : group.linears) {
        report_linear(
            *o.weight,
            fmt::format("packed{} {}{}{}{}", quant::packed_kind(o.weight->type).code_bits,
                        to_string(level.isa), tiles ? fmt::format(", amx from {} rows", tiles->min_rows) : "",
                        layout_of(*o.weight) == Layout::file ? ", from blocks" : "",
                        o.precise() ? ", 16-bit inputs" : ""),
            refusals, b);
    }
}

}  // namespace

void build_packed(const LinearGroup& group, Builder& b) {
    Refusals refusals;
    refusals.add("onednn", "no scales by group");
    const TileKernels* tiles = choose_tiles(group, b, refusals);
    const Level<PackedKernels>& level = choose(b, refusals);
    report(group, level, tiles, refusals, b);

    const LinearOperands& any = group.linears.front();
    const bool precise = std::ranges::any_of(group.linears, &LinearOperands::precise);
    const PackedRows rows(b, any.max_rows, any.weight->columns, precise, tiles);
    auto products = products_of(group, level.kernels, tiles);
    std::uint64_t panel_bytes = 0;
    for (const PackedProduct& p : products) panel_bytes = std::max(panel_bytes, p.panel_bytes());
    const ThreadScratches scratch(b, panel_bytes, tiles);
    WantedSums wanted;
    for (const LinearOperands& o : group.linears)
        wanted.add(quant::packed_kind(o.weight->type), level.kernels);
    // Results of a chunk stay while a residual is added to them, or until they are activated.
    const std::uint64_t most_rows = precise || group.activate ? kept_rows : ~std::uint64_t{0};
    b.add(quantize_stage(any, rows, wanted, level.kernels));
    b.add(std::make_unique<PackedLinearStage>(
        any.groups, PackedPartition(any.slot, any.groups, rows, level.kernels.max_block, most_rows),
        PackedMultiply(rows), scratch, std::move(products)));
}

}  // namespace lamina::cpu
