// Cosines and sines depend on the position alone, so a step computes them once for all layers: one stage at
// its start fills a table a rope, [rows, rope_row_floats], from angles in double (f32 angles at position
// 100000 are off by 4e-3).
#include <cmath>

#include "cpu/ops/ops.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

class RopeTableStage final : public RowStage {
  public:
    RopeTableStage(const RopeTable& rope, float* table) : RowStage({}), rope_(rope), table_(table) {}

  private:
    void run_rows(const Step& step, Range rows) const override {
        const std::uint64_t stride = rope_row_floats(rope_);
        for (std::uint64_t row = rows.first; row < rows.last; ++row) {
            for (std::uint64_t pair = 0; pair < rope_.inverse_frequencies.size(); ++pair)
                fill(table_ + row * stride, stride / 2, pair, static_cast<double>(step.positions[row]));
        }
    }

    // A row is its cosines, then its sines; interleaved ones as rotate_interleaved reads them.
    void fill(float* cosines, std::uint64_t sines, std::uint64_t pair, double position) const {
        const double angle = position * static_cast<double>(rope_.inverse_frequencies[pair]);
        const float cosine = static_cast<float>(std::cos(angle)) * rope_.magnitude;
        const float sine = static_cast<float>(std::sin(angle)) * rope_.magnitude;
        if (rope_.pairing == RopePairing::halves) {
            cosines[pair] = cosine;
            cosines[sines + pair] = sine;
        } else {
            cosines[2 * pair] = cosines[2 * pair + 1] = cosine;
            cosines[sines + 2 * pair] = -sine;
            cosines[sines + 2 * pair + 1] = sine;
        }
    }

    const RopeTable rope_;
    float* table_;
};

class RopeStage final : public RowStage {
  public:
    RopeStage(const Rope& op, const RopeTable& rope, float* x, const float* table,
              const FloatKernels& kernels)
        : RowStage({}),
          op_(op),
          rotate_(rope.pairing == RopePairing::halves ? kernels.rotate_halves : kernels.rotate_interleaved),
          pairs_(rope.inverse_frequencies.size()),
          stride_(rope_row_floats(rope)),
          x_(x),
          table_(table) {}

  private:
    void run_rows(const Step&, Range rows) const override {
        for (std::uint64_t h = rows.first * op_.heads; h < rows.last * op_.heads; ++h) {
            const float* cosines = table_ + h / op_.heads * stride_;
            rotate_(x_ + h * op_.head_dim + op_.offset, cosines, cosines + stride_ / 2, pairs_);
        }
    }

    Rope op_;
    void (*rotate_)(float*, const float*, const float*, std::size_t);
    std::uint64_t pairs_, stride_;
    float* x_;
    const float* table_;
};

}  // namespace

std::uint64_t rope_row_floats(const RopeTable& rope) {
    return std::uint64_t{rope.dims()} * (rope.pairing == RopePairing::halves ? 1 : 2);
}

void build_rope_tables(Builder& b) {
    const auto& ropes = b.program().ropes;
    for (std::size_t i = 0; i < ropes.size(); ++i) {
        b.add(std::make_unique<RopeTableStage>(ropes[i], b.rope_data(i)));
    }
}

void build(const Rope& op, Builder& b) {
    const auto& ropes = b.program().ropes;
    errors.require(op.rope < ropes.size(), "rope", "a table below " + std::to_string(ropes.size()), op.rope);
    const RopeTable& rope = ropes[op.rope];
    const SlotInfo& slot = b.slot("rope", op.x);
    const std::uint64_t width = std::uint64_t{op.heads} * op.head_dim;
    errors.require(slot.rows == Rows::all && slot.copies == 1 && slot.width == width, "rope",
                   "all rows of " + std::to_string(width), slot.width);
    errors.require(op.offset <= op.head_dim && rope.dims() <= op.head_dim - op.offset, "rope",
                   "at most " + std::to_string(op.head_dim) + " dims and offset",
                   rope.inverse_frequencies.size() * 2);
    b.add(std::make_unique<RopeStage>(op, rope, b.slot_data(op.x), b.rope_data(op.rope),
                                      float_kernels(b.isa())));
    b.report("rope [" + std::to_string(rope.dims()) + " of " + std::to_string(op.head_dim) + "]");
}

}  // namespace lamina::cpu
