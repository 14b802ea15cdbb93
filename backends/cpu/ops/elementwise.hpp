// Stages that treat their slots as runs of elements.
#pragma once

#include <utility>

#include "cpu/ops/ops.hpp"

namespace lamina::cpu {

// work(first, count) on the elements of each worker's rows.
template <class Work>
class ElementStage final : public RowStage {
  public:
    ElementStage(backend::SlotInfo slot, Work work)
        : RowStage(RowKind::of(slot)), width_(slot.width), work_(std::move(work)) {}

  private:
    void run_rows(const backend::Step&, Range rows) const override {
        work_(rows.first * width_, (rows.last - rows.first) * width_);
    }

    std::uint64_t width_;
    Work work_;
};

template <class Work>
void add_element_stage(backend::SlotInfo slot, Work work, Builder& b) {
    b.add(std::make_unique<ElementStage<Work>>(slot, std::move(work)));
}

}  // namespace lamina::cpu
