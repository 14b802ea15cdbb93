#include <memory>

#include <fmt/format.h>

#include "cpu/ops/attention_work.hpp"
#include "cpu/ops/ops.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

std::uint64_t thread_floats(const CacheGeometry& g) {
    return align_up(attend_scratch_floats(g.key_dim, g.value_dim), 16);
}

AttendType type_of(DType type) {
    switch (type) {
        case DType::f32: return AttendType::f32;
        case DType::bf16: return AttendType::bf16;
        case DType::q8_0: return AttendType::q8_0;
        default: return AttendType::f16;
    }
}

// Prefill by pairs of bf16.
constexpr Level<AttendKernel> pair_kernels[] = {{Isa::amx, attend_pairs_amx},
                                                {Isa::avx512_bf16, attend_pairs_avx512}};

// The kernel of prefill rows. It sums in another order than decode does, each in the one that is fastest for
// it; a program whose rows are invariant pays a tenth of the attention for the order of decode in both.
struct PrefillKernel {
    AttendKernel kernel = nullptr;
    std::string implementation = {};
    Refusals refusals = {};
};
PrefillKernel prefill_kernel(const Attention& op, const Builder& b) {
    const FloatKernels& kernels = float_kernels(b.isa());
    const std::string isa(to_string(float_isa(b.isa())));
    const bool invariant = b.program().row_invariant;
    PrefillKernel out;
    const auto allowed = [&](const Level<AttendKernel>& level) { return b.allows(level.isa, out.refusals); };
    if (op.prefill == Precision::f32) {
        out.refusals.add("bf16", invariant ? "not the bits of a row alone" : "inputs are precise");
    } else if (const auto* pairs = first_level(Ladder<AttendKernel>(pair_kernels), allowed)) {
        out.kernel = pairs->kernels;
        out.implementation = fmt::format("{}, {} for prompts", isa, to_string(pairs->isa));
    }
    if (out.kernel == nullptr) {
        out.kernel = invariant ? kernels.attend_prefill_as_decode : kernels.attend_prefill;
        out.implementation = isa;
    }
    return out;
}

// What both stages know.
struct Bound {
    AttentionShape shape;
    CacheGeometry geometry;
    Attention op;
    const float* query;
    float* out;
    const float* sinks;  // [heads] or null
    const std::byte* cache;
    float* scratch;  // [threads] blocks of thread_floats, then the partial results
    const FloatKernels& kernels;
    AttendKernel prefill;

    AttendBlock block(const AttentionUnit& unit, Worker worker) const {
        const auto& g = geometry;
        const std::uint64_t head = unit.kv_head * shape.group_heads + unit.first_head;
        const std::uint64_t row = unit.sequence->first_row + unit.first_row;
        const auto kv_head = static_cast<std::uint32_t>(unit.kv_head);
        AttendBlock b;
        b.query_stride = std::uint64_t{op.heads} * g.key_dim;
        b.out_stride = std::uint64_t{op.heads} * g.value_dim;
        b.query = query + row * b.query_stride + head * g.key_dim;
        b.out = out + row * b.out_stride + head * g.value_dim;
        b.tokens = unit.rows;
        b.heads = unit.heads;
        b.first_position = unit.first_position();
        b.keys = reinterpret_cast<const unsigned char*>(cache + g.keys(op.layer, 0, kv_head));
        b.values = reinterpret_cast<const unsigned char*>(cache + g.values(op.layer, 0, kv_head));
        b.page_stride = g.block_bytes();
        b.pages = unit.sequence->pages[op.group].data();
        b.type = type_of(g.type);
        b.key_dim = g.key_dim;
        b.value_dim = g.value_dim;
        b.key_stride = g.key_stride();
        b.value_stride = g.value_stride();
        b.window = g.window;
        b.scale = op.scale;
        b.softcap = op.softcap;
        b.sinks = sinks == nullptr ? nullptr : sinks + head;
        b.first_span = b.partials_span = unit.first_span;
        b.last_span = unit.last_span;
        b.scratch = scratch + static_cast<std::uint64_t>(worker.thread) * thread_floats(g);
        if (unit.cut)
            b.partials = scratch + shape.threads * thread_floats(g) + unit.partial * shape.partial_floats();
        return b;
    }
};

// A worker takes the units whose middle, by cost, falls in its part of the whole.
class AttendStage final : public Stage {
  public:
    explicit AttendStage(std::shared_ptr<const Bound> bound) : bound_(std::move(bound)) {}

    void run(const Step& step, Worker worker) const override {
        std::uint64_t total = 0;
        for_each_piece(step, [&](const AttentionUnit&, std::uint64_t, std::uint64_t, std::uint64_t cost) {
            total += cost;
        });
        std::uint64_t done = 0;
        const auto threads = static_cast<std::uint64_t>(worker.threads),
                   self = static_cast<std::uint64_t>(worker.thread);
        for_each_piece(step, [&](const AttentionUnit& unit, std::uint64_t first, std::uint64_t last,
                                 std::uint64_t cost) {
            const std::uint64_t owner = (2 * done + cost) * threads / (2 * total);
            done += cost;
            if (owner != self) return;
            AttendBlock block = bound_->block(unit, worker);
            block.first_span = first;
            block.last_span = last;
            (unit.sequence->prefill ? bound_->prefill : bound_->kernels.attend)(block);
        });
    }

  private:
    // visit(unit, first span, last span, cost): whole units, or span by span where they are cut.
    template <class Visit>
    void for_each_piece(const Step& step, Visit visit) const {
        for_each_unit(bound_->shape, step, [&](const AttentionUnit& unit) {
            std::uint64_t cost = 0;
            for (std::uint64_t span = unit.first_span; span < unit.last_span; ++span) {
                const std::uint64_t one = span_cost(bound_->shape, unit, span);
                if (unit.cut) visit(unit, span, span + 1, one);
                cost += one;
            }
            if (!unit.cut) visit(unit, unit.first_span, unit.last_span, cost);
        });
    }

    std::shared_ptr<const Bound> bound_;
};

// Folds the spans of units that were cut.
class CombineStage final : public Stage {
  public:
    explicit CombineStage(std::shared_ptr<const Bound> bound) : bound_(std::move(bound)) {}

    void run(const Step& step, Worker worker) const override {
        for_each_unit(bound_->shape, step, [&](const AttentionUnit& unit) {
            if (!unit.cut || unit.partial % static_cast<std::uint64_t>(worker.threads) !=
                                 static_cast<std::uint64_t>(worker.thread)) {
                return;
            }
            bound_->kernels.combine(bound_->block(unit, worker));
        });
    }
    bool idle(const Step& step) const override { return !cuts(bound_->shape, step); }
    std::string_view part() const override { return "combine"; }

  private:
    std::shared_ptr<const Bound> bound_;
};

}  // namespace

void build(const Attention& op, Builder& b) {
    const CacheGeometry& g = b.cache("attention", op.group, op.layer);
    errors.require(op.heads > 0 && op.heads % g.kv_heads == 0, "attention",
                   "heads in multiples of " + std::to_string(g.kv_heads), op.heads);
    const SlotInfo& query = b.slot("attention", op.query);
    const SlotInfo& result = b.slot("attention", op.out);
    errors.require(query.rows == Rows::all && result.rows == Rows::all, "attention", "slots of all rows",
                   "output rows");
    errors.require(query.width == std::uint64_t{op.heads} * g.key_dim &&
                       result.width == std::uint64_t{op.heads} * g.value_dim,
                   "attention", "slots as wide as the heads",
                   std::to_string(query.width) + " and " + std::to_string(result.width));
    const float* sinks = op.sinks == no_weight ? nullptr : b.vector("attention", op.sinks, op.heads);
    errors.require(
        op.prefill == Precision::f32 || (op.prefill == Precision::bf16 && !b.program().row_invariant),
        "attention", "prefill in f32, or in bf16 where rows may depend on those beside", name(op.prefill));
    const PrefillKernel prefill = prefill_kernel(op, b);
    const AttentionShape shape(b.program(), op, b.threads());
    // Each thread's block, then the partial results of long contexts.
    auto* const scratch = b.scratch_of<float>(shape.threads * thread_floats(g) + shape.partials_floats());
    const auto bound = std::make_shared<const Bound>(Bound{shape, g, op, b.slot_data(op.query),
                                                           b.slot_data(op.out), sinks, b.cache_data(op.group),
                                                           scratch, float_kernels(b.isa()), prefill.kernel});
    b.add(std::make_unique<AttendStage>(bound));
    if (bound->shape.cut_rows > 0) b.add(std::make_unique<CombineStage>(bound));
    b.report("attention " + std::string(info(g.type).name) + " [" + std::to_string(g.key_dim) + "]",
             prefill.implementation, prefill.refusals);
}

}  // namespace lamina::cpu
