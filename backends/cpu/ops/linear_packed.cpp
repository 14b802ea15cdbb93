// Packed weights x activations quantized to int8: a stage that quantizes, a stage that multiplies.
#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/checked.hpp"
#include "cpu/ops/linear_parts.hpp"
#include "cpu/ops/ops.hpp"
#include "quant/packed.hpp"

namespace lamina::cpu {
namespace {

// Where the arrays of kernels/linear_task.hpp lie in the scratch. All of them fit, wanted or not.
struct QuantizedRows {
    std::uint64_t granules = 0;
    std::int8_t* codes = nullptr;
    float* scales = nullptr;
    std::int32_t *offsets32 = nullptr, *offsets16 = nullptr;
    float *sums32 = nullptr, *sums16 = nullptr;
};

// Bytes of a granule of a row: codes, then scales, offsets32, sums32, offsets16, sums16.
constexpr std::array<std::uint64_t, 6> granule_bytes = {granule, 4, 4, 4, 8, 8};

// The arrays from a granule of a row on: `granules` lie before that granule of its block, the row is the
// `row`-th of the block (kernels/linear_task.hpp).
QuantizedRows from(const QuantizedRows& q, std::uint64_t granules, std::uint64_t row) {
    return {.granules = q.granules,
            .codes = q.codes + (granules + row) * granule,
            .scales = q.scales + granules + row,
            .offsets32 = q.offsets32 + granules + row,
            .offsets16 = q.offsets16 + 2 * granules + row,
            .sums32 = q.sums32 + granules + row,
            .sums16 = q.sums16 + 2 * granules + row};
}

QuantizedRows lay_out(std::byte* scratch, std::uint64_t rows, std::uint64_t columns) {
    QuantizedRows q;
    q.granules = div_up(columns, granule);
    std::array<std::byte*, granule_bytes.size()> at;
    for (std::size_t i = 0; i < at.size(); ++i) {
        at[i] = scratch;
        scratch += align_up(rows * q.granules * granule_bytes[i], 64);
    }
    q.codes = reinterpret_cast<std::int8_t*>(at[0]);
    q.scales = reinterpret_cast<float*>(at[1]);
    q.offsets32 = reinterpret_cast<std::int32_t*>(at[2]);
    q.sums32 = reinterpret_cast<float*>(at[3]);
    q.offsets16 = reinterpret_cast<std::int32_t*>(at[4]);
    q.sums16 = reinterpret_cast<float*>(at[5]);
    return q;
}

std::uint64_t quantized_bytes(std::uint64_t rows, std::uint64_t columns) {
    std::uint64_t sum = 0;
    for (const std::uint64_t bytes : granule_bytes)
        sum += align_up(rows * div_up(columns, granule) * bytes, 64);
    return sum;
}

// Which of the sums the kernels of a set of weights read; the others are not written.
struct WantedSums {
    bool offsets32 = false, offsets16 = false, sums32 = false, sums16 = false;

    void add(const quant::PackedKind& kind, const PackedKernels& kernels) {
        (kind.group == 32 ? offsets32 : offsets16) |= kernels.reads_offsets(kind);
        (kind.group == 32 ? sums32 : sums16) |= kind.has_minima();
    }
};

class QuantizeStage final : public RowStage {
  public:
    // `rest`: where what the rounding lost is quantized to, or nothing.
    QuantizeStage(const LinearOperands& o, const QuantizedRows& to, std::optional<QuantizedRows> rest,
                  WantedSums wanted, const PackedKernels& kernels)
        : RowStage(RowKind::of(o.slot)),
          in_(o.in),
          columns_(o.weight->columns),
          slot_(o.slot),
          groups_(o.groups),
          to_(to),
          rest_(rest),
          wanted_(wanted),
          kernels_(kernels) {}

    std::string_view part() const override { return "quantize"; }

  private:
    void run_rows(const backend::Step& step, Share rows) const override {
        const std::uint64_t all = step.rows(slot_);
        std::uint64_t matrix = 0;
        for (std::uint64_t row = rows.first; row < rows.last; ++row) {
            while (row >= groups_.of(matrix, all).last) ++matrix;
            quantize(row, groups_.of(matrix, all));
        }
    }

    void quantize(std::uint64_t row, Share group) const {
        // Blocks of max_block rows come first in a group, smaller ones at its end.
        std::uint64_t start = group.first + (row - group.first) / kernels_.max_block * kernels_.max_block;
        std::uint32_t block = block_rows(group.last - start, kernels_.max_block);
        while (start + block <= row) {
            start += block;
            block = block_rows(group.last - start, kernels_.max_block);
        }
        const std::uint64_t before = start * to_.granules;
        const float* x = in_ + row * columns_;
        const QuantizedRows to = from(to_, before, row - start);
        quantize_to(to, x, columns_, to_.granules, block);
        if (!rest_) return;
        std::array<float, granule> lost;
        for (std::uint64_t g = 0; g < to_.granules; ++g) {
            const std::uint64_t size = std::min<std::uint64_t>(granule, columns_ - g * granule);
            for (std::uint64_t i = 0; i < size; ++i) {
                lost[i] = x[g * granule + i] -
                          to.scales[g * block] * static_cast<float>(to.codes[g * block * granule + i]);
            }
            quantize_to(from(*rest_, before + g * block, row - start), lost.data(), size, 1, block);
        }
    }

    void quantize_to(const QuantizedRows& to, const float* x, std::uint64_t count, std::uint64_t granules,
                     std::uint32_t block) const {
        kernels_.quantize({.x = x,
                           .count = count,
                           .first = 0,
                           .last = granules,
                           .block = block,
                           .codes = to.codes,
                           .scales = to.scales,
                           .offsets32 = wanted_.offsets32 ? to.offsets32 : nullptr,
                           .offsets16 = wanted_.offsets16 ? to.offsets16 : nullptr,
                           .sums32 = wanted_.sums32 ? to.sums32 : nullptr,
                           .sums16 = wanted_.sums16 ? to.sums16 : nullptr});
    }

    const float* in_;
    std::uint64_t columns_;
    backend::SlotInfo slot_;
    RowGroups groups_;
    QuantizedRows to_;
    std::optional<QuantizedRows> rest_;
    WantedSums wanted_;
    const PackedKernels& kernels_;
};

struct PackedWeight {
    quant::PackedShape shape;
    PackedKernel kernel;
    DType type;
    bool blocks;            // data are the blocks of the file: panels are made as they are needed
    const std::byte* data;  // of all matrices
    const float* bias;
    float* out;
};

class PackedLinearStage final : public Stage {
  public:
    PackedLinearStage(const LinearOperands& o, const QuantizedRows& from, std::optional<QuantizedRows> rest,
                      std::uint32_t max_block, std::byte* panels, std::vector<PackedWeight> weights)
        : slot_(o.slot),
          groups_(o.groups),
          from_(from),
          rest_(rest),
          max_block_(max_block),
          panels_(panels),
          weights_(std::move(weights)) {
        for (const PackedWeight& w : weights_)
            if (w.blocks) panel_bytes_ = std::max(panel_bytes_, w.shape.panel_bytes());
    }

    // The work is cut along the rows of each matrix, these along chunks that stay in the second-level cache,
    // within a chunk along panels. Threads take contiguous shares of its cost: the bytes of weights for few
    // rows, the multiplications for many.
    void run(const backend::Step& step, Worker worker) const override {
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
                const std::uint64_t last = mine.last > at ? div_up(mine.last - at, one) : 0;
                std::byte* room = panels_ + static_cast<std::uint64_t>(worker.thread) * panel_bytes_;
                for (std::uint64_t p = first; p < std::min(last, panels); ++p) multiply(w, p, chunk, room);
                at += panels * one;
            }
        });
    }

  private:
    static constexpr std::uint64_t chunk_bytes = 256 * 1024;
    static constexpr std::uint64_t precise_rows = 256;  // of a chunk, with 16 KiB of results on the stack

    // Rows [first, last) of a matrix's rows.
    struct Chunk {
        std::uint64_t matrix = 0;
        Share group;
        std::uint64_t first = 0, last = 0;  // from the start of the group
    };

    template <class Visit>
    void for_each_chunk(std::uint64_t rows, Visit visit) const {
        const std::uint64_t fit = chunk_bytes / (from_.granules * granule) / max_block_ * max_block_;
        const std::uint64_t most = rest_ ? precise_rows : fit;
        const std::uint64_t size = std::max<std::uint64_t>(std::min(fit, most), max_block_);
        for (std::uint64_t m = 0; m < groups_.matrices; ++m) {
            const Share group = groups_.of(m, rows);
            const std::uint64_t count = group.last - group.first;
            for (std::uint64_t row = 0; row < count; row += size)
                visit(Chunk{m, group, row, std::min(row + size, count)});
        }
    }

    static std::uint64_t panel_cost(const PackedWeight& w, const Chunk& chunk) {
        const std::uint64_t rows = chunk.last - chunk.first;
        return rows < 8 ? w.shape.panel_bytes() : w.shape.columns * rows;
    }

    // The panel's bytes, in `room` where they have to be made.
    static const std::byte* panel_data(const PackedWeight& w, std::uint64_t matrix, std::uint64_t panel,
                                       std::byte* room) {
        if (!w.blocks) return w.data + matrix * w.shape.bytes() + panel * w.shape.panel_bytes();
        const std::uint64_t stored = row_bytes(w.type, w.shape.columns);
        const std::uint64_t first = panel * quant::panel_rows;
        const quant::PackedShape one{w.shape.kind, w.shape.rows - first, w.shape.columns};
        quant::pack(w.type, w.data + (matrix * w.shape.rows + first) * stored, one, 0, 1, room);
        return room;
    }

    void multiply(const PackedWeight& w, std::uint64_t panel, const Chunk& chunk, std::byte* room) const {
        const std::byte* data = panel_data(w, chunk.matrix, panel, room);
        const std::uint64_t output = panel * quant::panel_rows;
        const float* bias = w.bias ? w.bias + chunk.matrix * w.shape.rows + output : nullptr;
        float* out = w.out + (chunk.group.first + chunk.first) * w.shape.rows + output;
        multiply(w, data, panel, chunk, from_, bias, out, w.shape.rows);
        if (!rest_) return;
        // The panel is in the cache still: what the rounding of the inputs lost costs no second reading of
        // it.
        std::array<float, precise_rows * quant::panel_rows> rest;
        multiply(w, data, panel, chunk, *rest_, nullptr, rest.data(), quant::panel_rows);
        const std::uint64_t width = std::min<std::uint64_t>(quant::panel_rows, w.shape.rows - output);
        for (std::uint64_t r = 0; r < chunk.last - chunk.first; ++r) {
            for (std::uint64_t i = 0; i < width; ++i)
                out[r * w.shape.rows + i] += rest[r * quant::panel_rows + i];
        }
    }

    // The chunk's rows times a panel, to `out` from the chunk's first row on.
    void multiply(const PackedWeight& w, const std::byte* data, std::uint64_t panel, const Chunk& chunk,
                  const QuantizedRows& rows, const float* bias, float* out, std::uint64_t out_stride) const {
        const auto* at = reinterpret_cast<const std::uint8_t*>(data);
        const bool by32 = w.shape.kind.group == 32;
        const QuantizedRows in = from(rows, (chunk.group.first + chunk.first) * rows.granules, 0);
        w.kernel({.codes = at,
                  .factors = at + w.shape.factors_offset(),
                  .granules = in.granules,
                  .activations = in.codes,
                  .scales = in.scales,
                  .offsets = by32 ? in.offsets32 : in.offsets16,
                  .sums = by32 ? in.sums32 : in.sums16,
                  .first_row = 0,
                  .last_row = chunk.last - chunk.first,
                  .rows = chunk.group.last - chunk.group.first - chunk.first,
                  .bias = bias,
                  .out = out,
                  .out_stride = out_stride,
                  .width = static_cast<std::uint32_t>(
                      std::min<std::uint64_t>(quant::panel_rows, w.shape.rows - panel * quant::panel_rows))});
    }

    backend::SlotInfo slot_;
    RowGroups groups_;
    QuantizedRows from_;
    std::optional<QuantizedRows> rest_;
    std::uint32_t max_block_;
    std::byte* panels_;  // one of panel_bytes_ for each thread
    std::uint64_t panel_bytes_ = 0;
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
    const PackedLevel& level = choose(context, refusals);
    const LinearOperands& any = linears.front();
    const std::uint64_t columns = any.weight->columns;
    const QuantizedRows quantized = lay_out(context.memory->scratch, any.max_rows, columns);
    std::byte* scratch = context.memory->scratch + quantized_bytes(any.max_rows, columns);
    std::optional<QuantizedRows> rest;
    if (context.precise_inputs) {
        rest = lay_out(scratch, any.max_rows, columns);
        scratch += quantized_bytes(any.max_rows, columns);
    }
    WantedSums wanted;
    std::vector<PackedWeight> weights;
    for (const LinearOperands& o : linears) {
        const quant::PackedKind& kind = quant::packed_kind(o.weight->type);
        const bool blocks = o.weight->form == backend::Form::file;
        wanted.add(kind, level.kernels);
        weights.push_back({.shape = {.kind = kind, .rows = o.weight->rows, .columns = o.weight->columns},
                           .kernel = level.kernels.panel[kind.index],
                           .type = o.weight->type,
                           .blocks = blocks,
                           .data = o.data,
                           .bias = o.bias,
                           .out = o.out});
        report_linear(context, *o.weight,
                      fmt::format("packed{} {}{}{}", kind.code_bits, to_string(level.isa),
                                  blocks ? ", from blocks" : "", rest ? ", 16-bit inputs" : ""),
                      refusals);
    }
    out.push_back(std::make_unique<QuantizeStage>(any, quantized, rest, wanted, level.kernels));
    out.push_back(std::make_unique<PackedLinearStage>(any, quantized, rest, level.kernels.max_block, scratch,
                                                      std::move(weights)));
}

std::uint64_t packed_scratch_bytes(const backend::WeightInfo& weight, bool precise, std::uint64_t rows,
                                   int threads) {
    const std::uint64_t inputs = quantized_bytes(rows, weight.columns) * (precise ? 2 : 1);
    if (weight.form != backend::Form::file) return inputs;
    const quant::PackedShape shape{quant::packed_kind(weight.type), weight.rows, weight.columns};
    return inputs + static_cast<std::uint64_t>(threads) * shape.panel_bytes();
}

// Inputs are rounded to 8 bits, which changes logits by some 1 %. What the rounding lost can be rounded to 8
// bits and multiplied too (inputs of about 16 bits, twice the multiplications): where f32 is asked for, where
// there are routers, which 1 % makes choose other experts, and where there is so little to multiply that it
// does not matter.
bool precise_inputs(const backend::Program& program, const backend::DeviceOptions& options) {
    constexpr std::uint64_t few_weights = 16u << 20;
    if (options.compute != backend::Compute::automatic) return options.compute == backend::Compute::f32;
    std::uint64_t weights = 0;
    for (const auto& weight : program.weights) weights += weight.values();
    return !program.routings.empty() || weights < few_weights;
}

}  // namespace lamina::cpu
