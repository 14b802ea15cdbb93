// Mixtures of experts: the choice, the way to the experts and back. The products between them are Linears
// whose weights have a matrix for each expert.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "cpu/ops/ops.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

void softmax(float* x, std::uint32_t count) {
    const float highest = *std::max_element(x, x + count);
    float sum = 0;
    for (std::uint32_t i = 0; i < count; ++i) sum += x[i] = std::exp(x[i] - highest);
    for (std::uint32_t i = 0; i < count; ++i) x[i] /= sum;
}

// Indices of the `count` best of `scores`, best first; of equal ones the lower. The others follow in any
// order.
void best(const float* scores, std::uint32_t among, std::uint32_t count, std::uint32_t* order) {
    for (std::uint32_t i = 0; i < among; ++i) order[i] = i;
    std::partial_sort(order, order + count, order + among, [scores](std::uint32_t a, std::uint32_t b) {
        return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
    });
}

// Chooses for its share of the rows. The scratch has 4 * experts values for each thread.
class ChooseStage final : public Stage {
  public:
    ChooseStage(const ExpertRouting& routing, const Routing& to, const float* logits, const float* bias,
                float* scratch)
        : routing_(routing), to_(to), logits_(logits), bias_(bias), scratch_(scratch) {}

    void run(const Step& step, Worker worker) const override {
        const Range rows = range_of(step.tokens.size(), worker);
        float* scratch = scratch_ + static_cast<std::uint64_t>(worker.thread) * 4 * routing_.experts;
        for (std::uint64_t r = rows.first; r < rows.last; ++r) choose(r, scratch);
    }

  private:
    void choose(std::uint64_t row, float* scratch) const {
        const std::uint32_t experts = routing_.experts, used = routing_.used;
        float* scores = scratch;
        float* for_choice = scratch + experts;
        auto* order = reinterpret_cast<std::uint32_t*>(scratch + 2 * experts);
        std::copy_n(logits_ + row * experts, experts, scores);
        if (routing_.scoring == ExpertScoring::softmax) softmax(scores, experts);
        if (routing_.scoring == ExpertScoring::sigmoid)
            std::transform(scores, scores + experts, scores, sigmoid);
        for (std::uint32_t e = 0; e < experts; ++e) {
            for_choice[e] = scores[e] + (bias_ == nullptr ? 0.0f : bias_[e]);
            if (std::isnan(for_choice[e])) for_choice[e] = last;  // comparable, and the weights tell
        }
        if (routing_.groups_used < routing_.groups) mask_groups(for_choice, order, scratch + 3 * experts);
        best(for_choice, experts, used, order);
        std::uint32_t* chosen = to_.expert + row * used;
        float* weights = to_.weight + row * used;
        for (std::uint32_t j = 0; j < used; ++j) {
            chosen[j] = order[j];
            weights[j] = scores[order[j]];
        }
        if (routing_.scoring == ExpertScoring::softmax_chosen) softmax(weights, used);
        float sum = 0;
        for (std::uint32_t j = 0; j < used; ++j) sum += weights[j];
        const float divisor = routing_.normalise ? std::max(sum, smallest_expert_sum) : 1.0f;
        for (std::uint32_t j = 0; j < used; ++j) weights[j] = weights[j] / divisor * routing_.scale;
    }

    // Masks all but the best groups. order [experts], group_scores [groups]: scratch.
    void mask_groups(float* scores, std::uint32_t* order, float* group_scores) const {
        const std::uint32_t size = routing_.experts / routing_.groups;
        for (std::uint32_t g = 0; g < routing_.groups; ++g)
            group_scores[g] = group_score(scores + g * size, size);
        best(group_scores, routing_.groups, routing_.groups_used, order);
        for (std::uint32_t i = routing_.groups_used; i < routing_.groups; ++i)
            std::fill_n(scores + order[i] * size, size, last);
    }

    float group_score(const float* scores, std::uint32_t size) const {
        float first = last, second = last;
        for (std::uint32_t e = 0; e < size; ++e) {
            if (scores[e] > first) {
                second = first;
                first = scores[e];
            } else if (scores[e] > second) {
                second = scores[e];
            }
        }
        return bias_ != nullptr && size > 1 ? first + second : first;
    }

    static constexpr float last = -std::numeric_limits<float>::infinity();

    ExpertRouting routing_;
    Routing to_;
    const float* logits_;
    const float* bias_;
    float* scratch_;
};

// Counting sort of the pairs by expert, by one thread: there are few of them.
class SortStage final : public Stage {
  public:
    SortStage(const ExpertRouting& routing, const Routing& to) : routing_(routing), to_(to) {}

    void run(const Step& step, Worker worker) const override {
        if (worker.thread != 0) return;
        const std::uint64_t pairs = step.tokens.size() * std::uint64_t{routing_.used};
        std::fill_n(to_.first, routing_.experts + 1, 0u);
        for (std::uint64_t j = 0; j < pairs; ++j) ++to_.first[to_.expert[j] + 1];
        for (std::uint32_t e = 0; e < routing_.experts; ++e) to_.first[e + 1] += to_.first[e];
        for (std::uint64_t j = 0; j < pairs; ++j) {
            const std::uint32_t at = to_.first[to_.expert[j]]++;
            to_.pair[j] = at;
            to_.row[at] = static_cast<std::uint32_t>(j / routing_.used);
        }
        // Every start has moved to its run's end, which is the next one's start.
        for (std::uint32_t e = routing_.experts; e > 0; --e) to_.first[e] = to_.first[e - 1];
        to_.first[0] = 0;
    }
    std::string_view part() const override { return "sort"; }

  private:
    ExpertRouting routing_;
    Routing to_;
};

class DispatchStage final : public Stage {
  public:
    DispatchStage(SlotInfo slot, const Routing& routing, const float* in, float* out)
        : slot_(slot), routing_(routing), in_(in), out_(out) {}

    void run(const Step& step, Worker worker) const override {
        const Range pairs = range_of(step.rows(slot_), worker);
        for (std::uint64_t p = pairs.first; p < pairs.last; ++p) {
            std::memcpy(out_ + p * slot_.width, in_ + std::uint64_t{routing_.row[p]} * slot_.width,
                        slot_.width * sizeof(float));
        }
    }

  private:
    SlotInfo slot_;  // of the pairs
    Routing routing_;
    const float* in_;
    float* out_;
};

class CombineExpertsStage final : public Stage {
  public:
    CombineExpertsStage(SlotInfo slot, const Routing& routing, std::uint32_t used, const float* in,
                        float* out, const FloatKernels& kernels)
        : slot_(slot), routing_(routing), used_(used), in_(in), out_(out), kernels_(kernels) {}

    void run(const Step& step, Worker worker) const override {
        const Range rows = range_of(step.rows(slot_), worker);
        for (std::uint64_t r = rows.first; r < rows.last; ++r) {
            float* out = out_ + r * slot_.width;
            std::memset(out, 0, slot_.width * sizeof(float));
            for (std::uint64_t j = r * used_; j < (r + 1) * used_; ++j) {
                kernels_.add(out, in_ + std::uint64_t{routing_.pair[j]} * slot_.width, routing_.weight[j],
                             out, slot_.width);
            }
        }
    }

  private:
    SlotInfo slot_;  // of the rows
    Routing routing_;
    std::uint32_t used_;
    const float* in_;
    float* out_;
    const FloatKernels& kernels_;
};

class GateStage final : public RowStage {
  public:
    GateStage(SlotInfo slot, float* x, const float* gate, const FloatKernels& kernels)
        : RowStage(RowKind::of(slot)), width_(slot.width), x_(x), gate_(gate), kernels_(kernels) {}

  private:
    void run_rows(const Step&, Range rows) const override {
        for (std::uint64_t r = rows.first; r < rows.last; ++r) {
            float* x = x_ + r * width_;
            kernels_.multiply(x, sigmoid(gate_[r]), x, width_);
        }
    }

    std::uint64_t width_;
    float* x_;
    const float* gate_;
    const FloatKernels& kernels_;
};

}  // namespace

void build(const Route& op, Builder& b) {
    const ExpertRouting& routing = b.routing("route", op.routing);
    const SlotInfo& logits = b.slot("route", op.logits);
    errors.require(logits == SlotInfo{.width = routing.experts}, "route",
                   "all rows of a logit for each expert", logits.width);
    errors.require(
        routing.groups > 0 && routing.experts % routing.groups == 0 && routing.groups_used > 0 &&
            routing.used > 0 &&
            routing.used <= routing.experts / routing.groups * std::min(routing.groups, routing.groups_used),
        "route", "as many experts as are used", routing.used);
    const float* bias =
        op.selection_bias == no_weight ? nullptr : b.vector("route", op.selection_bias, routing.experts);
    const Routing& to = b.routing_data(op.routing);
    const std::uint64_t scores = std::uint64_t{4} * routing.experts;  // of a thread
    b.add(std::make_unique<ChooseStage>(routing, to, b.slot_data(op.logits), bias,
                                        b.scratch_of<float>(scores * static_cast<unsigned>(b.threads()))));
    b.add(std::make_unique<SortStage>(routing, to));
    b.report("route [" + std::to_string(routing.used) + " of " + std::to_string(routing.experts) + "]");
}

void build(const Dispatch& op, Builder& b) {
    const ExpertRouting& routing = b.routing("dispatch", op.routing);
    const SlotInfo& in = b.slot("dispatch", op.in);
    const SlotInfo& result = b.slot("dispatch", op.out);
    errors.require(
        in == SlotInfo{.width = result.width} && result.rows == Rows::all && result.copies == routing.used,
        "dispatch", "all rows in, a copy for each expert used out", "other slots");
    b.add(std::make_unique<DispatchStage>(result, b.routing_data(op.routing), b.slot_data(op.in),
                                          b.slot_data(op.out)));
    b.report("dispatch");
}

void build(const Combine& op, Builder& b) {
    const ExpertRouting& routing = b.routing("combine", op.routing);
    const SlotInfo& in = b.slot("combine", op.in);
    const SlotInfo& result = b.slot("combine", op.out);
    const std::uint32_t used = routing.used;
    errors.require(result == SlotInfo{.width = in.width} && in.rows == Rows::all && in.copies == used,
                   "combine", "a copy for each expert used in, all rows out", "other slots");
    b.add(std::make_unique<CombineExpertsStage>(result, b.routing_data(op.routing), used, b.slot_data(op.in),
                                                b.slot_data(op.out), float_kernels(b.isa())));
    b.report("combine");
}

void build(const Gate& op, Builder& b) {
    const SlotInfo& x = b.slot("gate", op.x);
    const SlotInfo& gate = b.slot("gate", op.gate);
    errors.require(gate.width == 1 && gate.rows == x.rows && gate.copies == x.copies, "gate",
                   "a value for each row", gate.width);
    b.add(std::make_unique<GateStage>(x, b.slot_data(op.x), b.slot_data(op.gate), float_kernels(b.isa())));
    b.report("gate");
}

}  // namespace lamina::cpu
