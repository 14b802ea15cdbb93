#include "cpu/ops/builder.hpp"

#include <algorithm>
#include <utility>

#include "base/checked.hpp"
#include "cpu/layout.hpp"
#include "cpu/ops/ops.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

constexpr std::uint64_t line = 64;

// The address of a workspace that is measured; not null, so that it can be added to.
constexpr std::uintptr_t nowhere = line;

Routing routing_at(const ExpertRouting& routing, std::uint32_t max_rows, std::byte* memory) {
    const std::uint64_t pairs = std::uint64_t{max_rows} * routing.used;
    Routing out;
    out.first = reinterpret_cast<std::uint32_t*>(memory);
    out.row = out.first + routing.experts + 1;
    out.pair = out.row + pairs;
    out.expert = out.pair + pairs;
    out.weight = reinterpret_cast<float*>(out.expert + pairs);
    return out;
}
std::uint64_t routing_bytes(const ExpertRouting& routing, std::uint32_t max_rows) {
    const std::uint64_t pairs = std::uint64_t{max_rows} * routing.used;
    return (routing.experts + 1 + 4 * pairs) * sizeof(std::uint32_t);
}

template <class Items>
void expect_index(const Items& items, std::size_t index, std::string_view op, const char* what) {
    if (index < items.size()) return;
    errors.refuse(op, std::string(what) + " below " + std::to_string(items.size()), std::to_string(index));
}

}  // namespace

Target Target::of(Isa isa, int threads) { return {isa, threads, tile_kernels(isa)}; }

Builder::Builder(const Program& program, const Target& target) : Builder(program, target, nullptr) {}
Builder::Builder(const Program& program, const Target& target, const Bindings& bindings)
    : Builder(program, target, &bindings) {}
Builder::Builder(const Program& program, const Target& target, const Bindings* bindings)
    : program_(program), target_(target), bindings_(bindings) {
    lay_out();
}

void Builder::lay_out() {
    for (const SlotInfo& slot : program_.slots) {
        const auto bytes = matrix_bytes(slot_rows(program_, slot), slot.width, "slots");
        slots_.push_back(reinterpret_cast<float*>(at(append(bytes, "slots"))));
    }
    for (const RopeTable& rope : program_.ropes) {
        const auto bytes = matrix_bytes(program_.max_rows, rope_row_floats(rope), "rotary tables");
        ropes_.push_back(reinterpret_cast<float*>(at(append(bytes, "rotary tables"))));
    }
    for (const ExpertRouting& routing : program_.routings) {
        const auto offset = append(routing_bytes(routing, program_.max_rows), "routings");
        routings_.push_back(routing_at(routing, program_.max_rows, at(offset)));
    }
    scratch_start_ = scratch_at_ = end_;
}

// Returns where the bytes begin.
std::uint64_t Builder::append(std::uint64_t bytes, const char* what) {
    const auto end = checked_add(end_, bytes);
    const auto aligned = end ? checked_align(*end, line) : std::nullopt;
    if (!aligned) too_large(what);
    return std::exchange(end_, *aligned);
}

// By numbers: no object may lie there.
std::byte* Builder::at(std::uint64_t offset) const {
    const auto base = measures() ? nowhere : reinterpret_cast<std::uintptr_t>(bindings_->workspace);
    return reinterpret_cast<std::byte*>(base + offset);
}

std::byte* Builder::scratch(std::uint64_t bytes) {
    const auto end = checked_add(scratch_at_, bytes);
    const auto aligned = end ? checked_align(*end, line) : std::nullopt;
    if (!aligned) too_large("workspace");
    end_ = std::max(end_, *aligned);
    return at(std::exchange(scratch_at_, *aligned));
}

const SlotInfo& Builder::slot(std::string_view op, Slot slot) const {
    expect_index(program_.slots, slot, op, "a slot");
    return program_.slots[slot];
}

const WeightInfo& Builder::weight(std::string_view op, WeightId id) const {
    expect_index(program_.weights, id, op, "a weight");
    return program_.weights[id];
}

const ExpertRouting& Builder::routing(std::string_view op, RoutingId id) const {
    expect_index(program_.routings, id, op, "a routing");
    return program_.routings[id];
}

const CacheGeometry& Builder::cache(std::string_view op, std::uint32_t group, std::uint32_t layer) const {
    expect_index(program_.caches, group, op, "a cache group");
    const CacheGeometry& g = program_.caches[group];
    errors.require(layer < g.layers, op, "a layer below " + std::to_string(g.layers), layer);
    errors.require(g.kv_heads > 0 && g.key_dim > 0 && g.value_dim > 0, op, "a cache of keys and values",
                   "an empty one");
    errors.require(!g.values_in_keys || g.value_dim <= g.key_dim, op, "values within the keys",
                   std::to_string(g.value_dim) + " of " + std::to_string(g.key_dim));
    errors.require(
        g.type == DType::f32 || g.type == DType::f16 || g.type == DType::bf16 || g.type == DType::q8_0, op,
        "a cache of f32, f16, bf16 or q8_0", info(g.type).name);
    return g;
}

const std::byte* Builder::weight_data(WeightId id) const {
    return measures() ? reinterpret_cast<const std::byte*>(nowhere) : bindings_->weights[id];
}

const float* Builder::vector(std::string_view op, WeightId id, std::uint64_t count) const {
    const WeightInfo& w = weight(op, id);
    errors.require(layout_of(w) == Layout::f32 && w.rows * w.columns == count, op,
                   std::to_string(count) + " values of f32",
                   "'" + w.name + "', " + std::to_string(w.rows) + " x " + std::to_string(w.columns));
    return reinterpret_cast<const float*>(weight_data(id));
}

std::byte* Builder::cache_data(std::uint32_t group) const {
    return measures() ? reinterpret_cast<std::byte*>(nowhere) : bindings_->caches[group];
}

bool Builder::allows(Isa level, Refusals& refusals) const {
    if (usable(level, isa())) return true;
    const bool weaker = level <= isa();
    refusals.add(std::string(to_string(level)),
                 weaker ? "this machine lacks it" : "above " + std::string(to_string(isa())));
    return false;
}

// A program repeats its layers.
void Builder::report(std::string op, std::string implementation, const Refusals& refusals) {
    if (implementation.empty()) implementation = to_string(float_isa(isa()));
    const auto same = [&](const OpImplementation& other) {
        return other.op == op && other.implementation == implementation && other.refused == refusals.text();
    };
    if (std::any_of(report_.begin(), report_.end(), same)) return;
    report_.push_back({std::move(op), std::move(implementation), refusals.text()});
}

std::uint64_t slot_rows(const Program& program, const SlotInfo& slot) {
    return std::uint64_t{slot.rows == Rows::all ? program.max_rows : program.max_outputs} * slot.copies;
}

}  // namespace lamina::cpu
