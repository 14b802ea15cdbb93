#include <cstring>

#include "cpu/ops/ops.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

// Where head h of row r begins.
struct Place {
    float* data = nullptr;
    std::uint64_t width = 0;  // of the slot
    std::uint64_t stride = 0, offset = 0;
    bool copies = false;

    float* at(std::uint64_t row, std::uint64_t head, std::uint64_t rows) const {
        return data + (copies ? (head * rows + row) * width : row * width + head * stride) + offset;
    }
};

Place place(const Heads& heads, const StridedCopy& op, const Builder& b) {
    const SlotInfo& slot = b.slot("strided_copy", heads.slot);
    const std::uint64_t last = slot.copies > 1 ? 0 : std::uint64_t{op.heads - 1} * heads.stride;
    errors.require(slot.rows == Rows::all && op.heads > 0 && (slot.copies == 1 || slot.copies == op.heads) &&
                       last + heads.offset + op.width <= slot.width,
                   "strided_copy", "heads within a slot of all rows", slot.width);
    return {b.slot_data(heads.slot), slot.width, heads.stride, heads.offset, slot.copies > 1};
}

class StridedCopyStage final : public Stage {
  public:
    StridedCopyStage(const StridedCopy& op, const Place& in, const Place& out)
        : op_(op), in_(in), out_(out) {}

    void run(const Step& step, Worker worker) const override {
        const std::uint64_t rows = step.tokens.size();
        const Range mine = range_of(rows, worker);
        for (std::uint64_t r = mine.first; r < mine.last; ++r) {
            for (std::uint64_t h = 0; h < op_.heads; ++h)
                std::memcpy(out_.at(r, h, rows), in_.at(r, h, rows), op_.width * sizeof(float));
        }
    }

  private:
    StridedCopy op_;
    Place in_, out_;
};

}  // namespace

void build(const StridedCopy& op, Builder& b) {
    b.add(std::make_unique<StridedCopyStage>(op, place(op.in, op, b), place(op.out, op, b)));
    b.report("strided_copy [" + std::to_string(op.width) + "]");
}

}  // namespace lamina::cpu
