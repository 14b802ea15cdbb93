#include <cstring>

#include "cpu/layout.hpp"
#include "cpu/ops/ops.hpp"
#include "quant/decode.hpp"
#include "quant/packed.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

// Rows of the table, widened.
class EmbedStage final : public RowStage {
  public:
    EmbedStage(const WeightInfo& table, const std::byte* data, float* out, float scale,
               const FloatKernels& kernels)
        : RowStage({}), table_(table), data_(data), out_(out), scale_(scale), kernels_(kernels) {
        if (layout_of(table_) == Layout::packed)
            shape_ = {quant::packed_kind(table_.type), table_.rows, table_.columns};
    }

  private:
    void run_rows(const Step& step, Range rows) const override {
        for (std::uint64_t r = rows.first; r < rows.last; ++r) {
            float* out = out_ + r * table_.columns;
            read(static_cast<std::uint64_t>(step.tokens[r]), out);
            if (scale_ != 1.0f) kernels_.multiply(out, scale_, out, table_.columns);
        }
    }

    void read(std::uint64_t token, float* out) const {
        switch (layout_of(table_)) {
            case Layout::packed: quant::unpack_row(shape_, data_, token, out); break;
            case Layout::f32:
                std::memcpy(out, data_ + token * table_.columns * sizeof(float),
                            table_.columns * sizeof(float));
                break;
            case Layout::file:
                quant::decode(table_.type, data_ + token * row_bytes(table_.type, table_.columns),
                              table_.columns, out);
                break;
        }
    }

    const WeightInfo table_;
    const std::byte* data_;
    float* out_;
    float scale_;
    const FloatKernels& kernels_;
    quant::PackedShape shape_;
};

}  // namespace

void build(const Embed& op, Builder& b) {
    const WeightInfo& table = b.weight("embed", op.table);
    const SlotInfo& slot = b.slot("embed", op.out);
    errors.require(slot.rows == Rows::all, "embed", "a slot of all rows", "one of output rows");
    errors.require(slot.width == table.columns, "embed",
                   "a slot as wide as the table's " + std::to_string(table.columns), slot.width);
    b.add(std::make_unique<EmbedStage>(table, b.weight_data(op.table), b.slot_data(op.out), op.scale,
                                       float_kernels(b.isa())));
    b.report("embed " + std::string(info(table.type).name) + " [" + std::to_string(table.columns) + "]");
}

}  // namespace lamina::cpu
