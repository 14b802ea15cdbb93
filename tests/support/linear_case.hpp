// Linears that share an input, built into stages of the CPU backend and run without a device.
#pragma once

#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/checked.hpp"
#include "base/thread_pool.hpp"
#include "cpu/layout.hpp"
#include "cpu/memory.hpp"
#include "cpu/ops/ops.hpp"
#include "quant/packed.hpp"
#include "support/random.hpp"
#include "support/rounding.hpp"

namespace lamina::test {

// Zeroed memory as the CPU device allocates it.
class AlignedBytes {
  public:
    explicit AlignedBytes(std::uint64_t bytes) : memory_(bytes, "test") {}
    std::byte* data() { return memory_.data(); }

  private:
    cpu::Allocation memory_;
};

class LinearCase {
  public:
    // Inputs [max_rows, columns].
    LinearCase(std::uint32_t columns, std::uint32_t max_rows) {
        program_.max_rows = program_.max_outputs = max_rows;
        in_ = add_slot(columns);
    }

    // A weight [outputs, columns]; `file` holds its rows as a file does. Blocks are packed if `pack`, other
    // types stay as they are.
    void add(DType type, std::uint32_t outputs, const std::vector<std::byte>& file,
             const std::vector<float>& bias = {}, bool pack = true) {
        const std::uint64_t columns = program_.slots[in_].width;
        if (is_quantized(type) && pack) {
            const quant::PackedShape shape{quant::packed_kind(type), outputs, columns};
            AlignedBytes& packed = memory_.emplace_back(shape.bytes());
            quant::pack(type, file.data(), shape, 0, shape.panels(), packed.data());
            add_held(type, outputs, cpu::Layout::packed, packed.data(), bias);
        } else {
            AlignedBytes& copy = memory_.emplace_back(file.size());
            std::memcpy(copy.data(), file.data(), file.size());
            add_held(type, outputs, cpu::Layout::file, copy.data(), bias);
        }
    }

    // The same with the bytes in the layout given.
    void add_held(DType type, std::uint32_t outputs, cpu::Layout layout, const std::byte* data,
                  const std::vector<float>& bias) {
        backend::Linear linear{
            .in = in_, .weight = add_weight(type, outputs, layout, data), .out = add_slot(outputs)};
        if (!bias.empty()) {
            AlignedBytes& copy = memory_.emplace_back(bias.size() * sizeof(float));
            std::memcpy(copy.data(), bias.data(), bias.size() * sizeof(float));
            linear.bias = add_weight(DType::f32, 1, cpu::Layout::file, copy.data(), bias.size());
        }
        linears_.push_back(linear);
    }

    // Whatever the others' rounding, the last one has inputs of 16 bits.
    void make_last_precise() { precise_ = linears_.size() - 1; }
    // Whatever the rounding, all of them have this one.
    void set_precision(backend::Precision precision) { forced_ = precision; }

    // An Activate of what Linear `gate` writes, in place, gated by what Linear `up` writes.
    void activate(backend::Activation kind, std::size_t gate, std::size_t up, bool gated) {
        next_ = {linears_[gate].out, linears_[up].out, linears_[gate].out, kind, gated};
    }
    // Not in place: to what all of them read.
    void activate_to_input() { next_->out = in_; }
    // Whether the Linears' stages do it.
    bool activates() const { return activates_; }

    // From the next build on: kernels of tiles that this machine need not have; results that do not depend on
    // the rows beside them.
    void use_tiles(const cpu::TileKernels* tiles) { tiles_ = tiles; }
    void make_invariant() { program_.row_invariant = true; }

    // Compiles what was added.
    void build(cpu::Isa isa, int threads, Rounding rounding = Rounding::as_stored) {
        build(isa, std::make_shared<ThreadPool>(threads, false), rounding);
    }
    void build(cpu::Isa isa, std::shared_ptr<ThreadPool> pool, Rounding rounding) {
        const int threads = pool->threads();
        pool_ = std::move(pool);
        used_tiles_ = tiles_ ? tiles_ : cpu::tile_kernels(isa);
        for (std::size_t i = 0; i < linears_.size(); ++i) {
            const DType type = program_.weights[linears_[i].weight].type;
            linears_[i].input =
                i == precise_ ? backend::Precision::int16 : forced_.value_or(precision_of(type, rounding));
            linears_[i].matrix_unit =
                is_quantized(type) && rounding == Rounding::most && !program_.row_invariant;
        }
        const cpu::Target target{isa, threads, used_tiles_};
        const auto build_all = [&](cpu::Builder& b) {
            return cpu::build_linears(linears_, next_ ? &*next_ : nullptr, b);
        };
        cpu::Builder measured(program_, target);
        build_all(measured);
        AlignedBytes& workspace = memory_.emplace_back(measured.workspace_bytes());
        const cpu::Bindings bindings{.workspace = workspace.data(), .weights = weights_};
        cpu::Builder b(program_, target, bindings);
        activates_ = build_all(b);
        slots_.clear();
        for (backend::Slot slot = 0; slot < program_.slots.size(); ++slot)
            slots_.push_back(b.slot_data(slot));
        stages_ = b.take_stages();
        report_ = b.take_report();
    }

    // Runs the first `rows` rows. The threads of a stage take their turns, unless `parallel`.
    void run(std::uint32_t rows, bool parallel = false) {
        const std::vector<std::int32_t> tokens(rows);
        const backend::Step step{.tokens = tokens, .positions = {}, .sequences = {}, .outputs = {}};
        for (const auto& stage : stages_) {
            if (parallel) {
                pool_->parallel([&](Worker worker) { stage->run(step, worker); });
            } else {
                for (int t = pool_->threads() - 1; t >= 0; --t) stage->run(step, {t, pool_->threads()});
            }
        }
    }

    float* in() { return slots_[in_]; }
    float* out(std::size_t i) { return slots_[linears_[i].out]; }
    // Of many rows; null: there are none.
    const cpu::TileKernels* tiles() const { return linears_.front().matrix_unit ? used_tiles_ : nullptr; }
    const std::vector<OpImplementation>& report() const { return report_; }

  private:
    backend::Slot add_slot(std::uint32_t width) {
        program_.slots.push_back({.width = width, .rows = backend::Rows::all});
        return static_cast<backend::Slot>(program_.slots.size() - 1);
    }

    backend::WeightId add_weight(DType type, std::uint64_t rows, cpu::Layout layout, const std::byte* data,
                                 std::uint64_t columns = 0) {
        if (columns == 0) columns = program_.slots[in_].width;
        program_.weights.push_back({.name = "w",
                                    .type = type,
                                    .rows = rows,
                                    .columns = columns,
                                    .layout = {static_cast<std::uint8_t>(layout), 0}});
        weights_.push_back(data);
        return static_cast<backend::WeightId>(weights_.size() - 1);
    }

    backend::Program program_;
    const cpu::TileKernels *tiles_ = nullptr, *used_tiles_ = nullptr;
    std::optional<backend::Precision> forced_;
    std::size_t precise_ = ~std::size_t{0};
    std::vector<float*> slots_;
    backend::Slot in_ = 0;
    std::shared_ptr<ThreadPool> pool_;
    std::deque<AlignedBytes> memory_;
    std::vector<const std::byte*> weights_;
    std::vector<backend::Linear> linears_;
    std::optional<backend::Activate> next_;
    bool activates_ = false;
    cpu::Stages stages_;
    std::vector<OpImplementation> report_;
};

}  // namespace lamina::test
