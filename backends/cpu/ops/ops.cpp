#include "cpu/ops/ops.hpp"

#include <algorithm>
#include <array>
#include <variant>

#include "cpu/layout.hpp"
#include "cpu/profile.hpp"
#include "lamina/error.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

void add(const BuildContext& c, const Embed& op, Stages& out) { add_embed(c, op, out); }
void add(const BuildContext& c, const Norm& op, Stages& out) { add_norm(c, op, out); }
void add(const BuildContext& c, const Linear& op, Stages& out) { add_linears(c, {op}, nullptr, out); }
void add(const BuildContext& c, const Rope& op, Stages& out) { add_rope(c, op, out); }
void add(const BuildContext& c, const StoreKv& op, Stages& out) { add_store_kv(c, op, out); }
void add(const BuildContext& c, const Attention& op, Stages& out) { add_attention(c, op, out); }
void add(const BuildContext& c, const Activate& op, Stages& out) { add_activate(c, op, out); }
void add(const BuildContext& c, const Add& op, Stages& out) { add_add(c, op, out); }
void add(const BuildContext& c, const Gather& op, Stages& out) { add_gather(c, op, out); }
void add(const BuildContext& c, const Scale& op, Stages& out) { add_scale(c, op, out); }
void add(const BuildContext& c, const CopyHeads& op, Stages& out) { add_copy_heads(c, op, out); }
void add(const BuildContext& c, const Route& op, Stages& out) { add_route(c, op, out); }
void add(const BuildContext& c, const Dispatch& op, Stages& out) { add_dispatch(c, op, out); }
void add(const BuildContext& c, const Combine& op, Stages& out) { add_combine(c, op, out); }
void add(const BuildContext& c, const Gate& op, Stages& out) { add_gate(c, op, out); }

// The Linears from `first` on that read what the first one reads, while none of them writes it.
std::vector<Linear> linears_from(const std::vector<Op>& ops, std::size_t first) {
    const Linear& leader = std::get<Linear>(ops[first]);
    std::vector<Linear> together;
    for (std::size_t i = first; i < ops.size(); ++i) {
        const auto* linear = std::get_if<Linear>(&ops[i]);
        if (linear == nullptr || linear->in != leader.in || linear->routing != leader.routing) break;
        together.push_back(*linear);
        if (linear->out == linear->in) break;
    }
    return together;
}

}  // namespace

std::size_t add_ops(const BuildContext& context, Stages& out) {
    const Program& program = *context.program;
    const auto& ops = program.ops;
    add_rope_tables(context, out);
    if (context.profile) context.profile->name(out, "rope tables", 0);
    std::size_t head = 0;
    for (std::size_t i = 0; i < ops.size();) {
        if (i <= program.head) head = out.size();
        if (std::holds_alternative<Linear>(ops[i])) {
            const auto together = linears_from(ops, i);
            i += together.size();
            const auto* next = i < ops.size() ? std::get_if<Activate>(&ops[i]) : nullptr;
            const bool activated = add_linears(context, together, next, out);
            if (context.profile) {
                context.profile->name(out, profile_name(program, together) + (activated ? " + activate" : ""),
                                      bytes_read(program, together));
            }
            if (activated) ++i;
        } else {
            std::visit([&](const auto& op) { add(context, op, out); }, ops[i]);
            if (context.profile) context.profile->name(out, profile_name(program, ops[i]), 0);
            ++i;
        }
    }
    return head;
}

std::uint64_t slot_rows(const Program& program, Slot slot) {
    if (slot >= program.slots.size()) return 0;
    const SlotInfo& s = program.slots[slot];
    return std::uint64_t{s.rows == Rows::all ? program.max_rows : program.max_wanted} * s.copies;
}

Isa float_isa(Isa allowed) {
    if (usable(Isa::avx512_vnni, allowed)) return Isa::avx512_vnni;
    return usable(Isa::avx2, allowed) ? Isa::avx2 : Isa::scalar;
}

const FloatKernels& float_kernels(Isa allowed) {
    switch (float_isa(allowed)) {
        case Isa::avx512_vnni: return float_kernels_avx512;
        case Isa::avx2: return float_kernels_avx2;
        default: return float_kernels_scalar;
    }
}

std::span<const PackedLevel> packed_levels() {
    static const std::array<PackedLevel, 4> levels = {{{Isa::avx512_vnni, avx512_vnni_packed},
                                                       {Isa::avx_vnni, avx_vnni_packed},
                                                       {Isa::avx2, avx2_packed},
                                                       {Isa::scalar, scalar_packed}}};
    return levels;
}

const PackedKernels& packed_kernels(Isa allowed) {
    const auto levels = packed_levels();
    return std::find_if(levels.begin(), levels.end() - 1,
                        [allowed](const PackedLevel& level) { return usable(level.isa, allowed); })
        ->kernels;
}

void expect(bool holds, std::string_view op, std::string_view expected, std::string_view found) {
    if (holds) return;
    throw Error(ErrorCode::invalid_argument, ErrorDetails{.area = "cpu",
                                                          .subject = std::string(op),
                                                          .expected = std::string(expected),
                                                          .found = std::string(found)});
}

const SlotInfo& slot_info(const BuildContext& context, std::string_view op, Slot slot) {
    const auto& slots = context.program->slots;
    expect(slot < slots.size(), op, "a slot below " + std::to_string(slots.size()), std::to_string(slot));
    return slots[slot];
}

const float* vector_weight(const BuildContext& context, std::string_view op, WeightId id,
                           std::uint64_t count) {
    const auto& weights = context.program->weights;
    expect(id < weights.size(), op, "a weight below " + std::to_string(weights.size()), std::to_string(id));
    const WeightInfo& w = weights[id];
    expect(layout_of(w) == Layout::f32 && w.rows * w.columns == count, op,
           std::to_string(count) + " values of f32",
           "'" + w.name + "', " + std::to_string(w.rows) + " x " + std::to_string(w.columns));
    return reinterpret_cast<const float*>((*context.weights)[id]);
}

std::uint32_t routing_index(const BuildContext& context, std::string_view op, RoutingId id) {
    const auto& routings = context.program->routings;
    expect(id < routings.size(), op, "a routing below " + std::to_string(routings.size()),
           std::to_string(id));
    return id;
}

const CacheGeometry& cache_geometry(const BuildContext& context, std::string_view op, std::uint32_t group,
                                    std::uint32_t layer) {
    const auto& caches = context.program->caches;
    expect(group < caches.size(), op, "a cache group below " + std::to_string(caches.size()),
           std::to_string(group));
    const CacheGeometry& g = caches[group];
    expect(layer < g.layers, op, "a layer below " + std::to_string(g.layers), std::to_string(layer));
    expect(g.kv_heads > 0 && g.key_dim > 0 && g.value_dim > 0, op, "a cache of keys and values",
           "an empty one");
    expect(!g.values_in_keys || g.value_dim <= g.key_dim, op, "values within the keys",
           std::to_string(g.value_dim) + " of " + std::to_string(g.key_dim));
    expect(g.type == DType::f32 || g.type == DType::f16 || g.type == DType::bf16 || g.type == DType::q8_0, op,
           "a cache of f32, f16, bf16 or q8_0", info(g.type).name);
    return g;
}

bool allowed(Isa level, const BuildContext& context, Refusals& refusals) {
    if (usable(level, context.isa)) return true;
    const bool weaker = level <= context.isa;
    refusals.add(std::string(to_string(level)),
                 weaker ? "this machine lacks it" : "above " + std::string(to_string(context.isa)));
    return false;
}

void add_report(const BuildContext& context, std::string op, std::string implementation,
                const Refusals& refusals) {
    if (context.report == nullptr) return;
    if (implementation.empty()) implementation = to_string(float_isa(context.isa));
    context.report->push_back({std::move(op), std::move(implementation), refusals.text()});
}

}  // namespace lamina::cpu
