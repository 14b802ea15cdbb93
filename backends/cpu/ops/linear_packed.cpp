// Packed weights x activations quantized to int8: a stage that quantizes, a stage that multiplies.
#include <algorithm>
#include <array>

#include "base/checked.hpp"
#include "cpu/ops/linear_parts.hpp"
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

// Which of the sums the kernels of a set of weights read; the others are not written.
struct WantedSums {
    bool offsets32 = false, offsets16 = false, sums32 = false, sums16 = false;

    void add(const quant::PackedKind& kind, bool kernels_want_offsets) {
        const bool offsets = kind.code_bits == 8 && kernels_want_offsets;
        (kind.group == 32 ? offsets32 : offsets16) |= offsets;
        (kind.group == 32 ? sums32 : sums16) |= kind.has_minima;
    }
};

class QuantizeStage final : public Stage {
  public:
    QuantizeStage(const LinearOperands& o, const QuantizedRows& to, WantedSums wanted,
                  const PackedKernels& kernels)
        : in_(o.in),
          columns_(o.weight->columns),
          rows_(o.rows),
          to_(to),
          wanted_(wanted),
          kernels_(kernels) {}

    // Threads share runs of granules, so that one row is work for several.
    void run(const backend::Step& step, Worker worker) const override {
        const std::uint64_t rows = step.rows(rows_), pieces = div_up(to_.granules, piece);
        const Share mine = share(rows * pieces, worker);
        for (std::uint64_t unit = mine.first; unit < mine.last;) {
            const std::uint64_t row = unit / pieces, first = unit % pieces;
            const std::uint64_t last = std::min(pieces, first + (mine.last - unit));
            quantize(row, rows, first * piece, std::min(last * piece, to_.granules));
            unit += last - first;
        }
    }

  private:
    static constexpr std::uint64_t piece = 8;  // granules: 256 inputs

    void quantize(std::uint64_t row, std::uint64_t rows, std::uint64_t first, std::uint64_t last) const {
        // Blocks of max_block rows come first, smaller ones at the end.
        const std::uint64_t full = row / kernels_.max_block * kernels_.max_block;
        std::uint64_t start = full;
        std::uint32_t block = block_rows(rows - start, kernels_.max_block);
        while (start + block <= row) {
            start += block;
            block = block_rows(rows - start, kernels_.max_block);
        }
        const std::uint64_t base = start * to_.granules, in_block = row - start;
        kernels_.quantize({.x = in_ + row * columns_,
                           .count = columns_,
                           .first = first,
                           .last = last,
                           .block = block,
                           .codes = to_.codes + (base + in_block) * granule,
                           .scales = to_.scales + base + in_block,
                           .offsets32 = wanted_.offsets32 ? to_.offsets32 + base + in_block : nullptr,
                           .offsets16 = wanted_.offsets16 ? to_.offsets16 + 2 * base + in_block : nullptr,
                           .sums32 = wanted_.sums32 ? to_.sums32 + base + in_block : nullptr,
                           .sums16 = wanted_.sums16 ? to_.sums16 + 2 * base + in_block : nullptr});
    }

    const float* in_;
    std::uint64_t columns_;
    backend::Rows rows_;
    QuantizedRows to_;
    WantedSums wanted_;
    const PackedKernels& kernels_;
};

struct PackedWeight {
    quant::PackedShape shape;
    PackedKernel kernel;
    const std::byte* data;
    const float* bias;
    float* out;
};

class PackedLinearStage final : public Stage {
  public:
    PackedLinearStage(backend::Rows rows, const QuantizedRows& from, std::uint32_t max_block,
                      std::vector<PackedWeight> weights)
        : rows_(rows), from_(from), max_block_(max_block), weights_(std::move(weights)) {}

    // The work is cut along chunks of rows that stay in the second-level cache, within a chunk along panels.
    // Threads take contiguous shares of it: of the bytes of weights for few rows, of the number of panels for
    // many.
    void run(const backend::Step& step, Worker worker) const override {
        const std::uint64_t rows = step.rows(rows_);
        const std::uint64_t fit = chunk_bytes / (from_.granules * granule) / max_block_ * max_block_;
        const std::uint64_t chunk = std::max<std::uint64_t>(fit, max_block_);
        const bool by_bytes = rows < 8;
        std::uint64_t chunk_cost = 0;
        for (const PackedWeight& w : weights_) chunk_cost += w.shape.panels() * cost(w, by_bytes);
        const Share mine = share(div_up(rows, chunk) * chunk_cost, worker);
        std::uint64_t at = 0;
        for (std::uint64_t row = 0; row < rows; row += chunk) {
            for (const PackedWeight& w : weights_) {
                const std::uint64_t panel_cost = cost(w, by_bytes), panels = w.shape.panels();
                // A panel is its thread's where its start is in the share.
                const std::uint64_t first = mine.first > at ? div_up(mine.first - at, panel_cost) : 0;
                const std::uint64_t last = mine.last > at ? div_up(mine.last - at, panel_cost) : 0;
                for (std::uint64_t p = first; p < std::min(last, panels); ++p) {
                    multiply(w, p, row, std::min(row + chunk, rows), rows);
                }
                at += panels * panel_cost;
            }
        }
    }

  private:
    static constexpr std::uint64_t chunk_bytes = 256 * 1024;

    static std::uint64_t cost(const PackedWeight& w, bool by_bytes) {
        return by_bytes ? w.shape.panel_bytes() : 1;
    }

    void multiply(const PackedWeight& w, std::uint64_t panel, std::uint64_t first, std::uint64_t last,
                  std::uint64_t rows) const {
        const auto* at = reinterpret_cast<const std::uint8_t*>(w.data) + panel * w.shape.panel_bytes();
        const std::uint64_t output = panel * quant::panel_rows;
        const bool by32 = w.shape.kind.group == 32;
        w.kernel({.codes = at,
                  .factors = at + w.shape.factors_offset(),
                  .groups = w.shape.groups(),
                  .granules = from_.granules,
                  .activations = from_.codes,
                  .scales = from_.scales,
                  .offsets = by32 ? from_.offsets32 : from_.offsets16,
                  .sums = by32 ? from_.sums32 : from_.sums16,
                  .first_row = first,
                  .last_row = last,
                  .rows = rows,
                  .bias = w.bias ? w.bias + output : nullptr,
                  .out = w.out + output,
                  .out_stride = w.shape.rows,
                  .width = static_cast<std::uint32_t>(
                      std::min<std::uint64_t>(quant::panel_rows, w.shape.rows - output))});
    }

    backend::Rows rows_;
    QuantizedRows from_;
    std::uint32_t max_block_;
    std::vector<PackedWeight> weights_;
};

struct Level {
    Isa isa;
    const PackedKernels& kernels;
};

// Best first; the last takes everything.
const Level& choose(const BuildContext& context, Refusals& refusals) {
    static const std::array<Level, 4> levels = {{{Isa::avx512_vnni, avx512_vnni_packed},
                                                 {Isa::avx_vnni, avx_vnni_packed},
                                                 {Isa::avx2, avx2_packed},
                                                 {Isa::scalar, scalar_packed}}};
    for (const Level& level : levels) {
        if (level.isa == Isa::scalar || allowed(level.isa, context, refusals)) return level;
    }
    return levels.back();
}

}  // namespace

void add_packed_linears(const BuildContext& context, const std::vector<LinearOperands>& linears,
                        Stages& out) {
    Refusals refusals;
    refusals.add("onednn", "no scales by group");
    const Level& level = choose(context, refusals);
    const LinearOperands& any = linears.front();
    const QuantizedRows quantized = lay_out(context.memory->scratch, any.max_rows, any.weight->columns);
    WantedSums wanted;
    std::vector<PackedWeight> weights;
    for (const LinearOperands& o : linears) {
        const quant::PackedKind kind = quant::packed_kind(o.weight->type);
        const bool eight_bits = kind.code_bits == 8;
        wanted.add(kind, level.kernels.wants_offsets);
        const int index = packed_kernel_index(eight_bits, kind.group == 32, kind.has_minima, kind.f16_scales);
        weights.push_back({.shape = {.kind = kind, .rows = o.weight->rows, .columns = o.weight->columns},
                           .kernel = level.kernels.panel[index],
                           .data = o.data,
                           .bias = o.bias,
                           .out = o.out});
        report_linear(context, *o.weight,
                      (eight_bits ? "packed8 " : "packed4 ") + std::string(to_string(level.isa)), refusals);
    }
    out.push_back(std::make_unique<QuantizeStage>(any, quantized, wanted, level.kernels));
    out.push_back(std::make_unique<PackedLinearStage>(any.rows, quantized, level.kernels.max_block,
                                                      std::move(weights)));
}

std::uint64_t packed_scratch_bytes(std::uint64_t rows, std::uint64_t columns) {
    std::uint64_t sum = 0;
    for (const std::uint64_t bytes : granule_bytes)
        sum += align_up(rows * div_up(columns, granule) * bytes, 64);
    return sum;
}

}  // namespace lamina::cpu
