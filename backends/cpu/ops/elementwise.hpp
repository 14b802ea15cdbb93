// Stages that treat their slots as runs of elements.
#pragma once

#include <utility>

#include "cpu/ops/ops.hpp"

namespace lamina::cpu {

// work(first, count) on each worker's part of a slot's elements.
template <class Work>
class ElementStage final : public Stage {
  public:
    ElementStage(backend::SlotInfo slot, Work work) : slot_(slot), work_(std::move(work)) {}

    void run(const backend::Step& step, Worker worker) const override {
        const Share part = share_elements(std::uint64_t{slot_.width} * step.rows(slot_), worker);
        if (part.first < part.last) work_(part.first, part.last - part.first);
    }

  private:
    backend::SlotInfo slot_;
    Work work_;
};

template <class Work>
void add_element_stage(backend::SlotInfo slot, Work work, Stages& out) {
    out.push_back(std::make_unique<ElementStage<Work>>(slot, std::move(work)));
}

}  // namespace lamina::cpu
