#include "plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "base/checked.hpp"
#include "base/errors.hpp"
#include "lamina/limits.hpp"
#include "plan/bytes.hpp"
#include "plan/program_text.hpp"

namespace lamina::plan {
namespace {

constexpr Errors errors{"plan"};

std::string up_to(std::uint64_t most) { return "1.." + std::to_string(most); }

void check(const Workload& w) {
    errors.require(w.context >= 1 && w.context <= max_context, "context", up_to(max_context) + " tokens",
                   w.context);
    errors.require(w.sequences >= 1 && w.sequences <= max_sequences, "sequences", up_to(max_sequences),
                   w.sequences);
    errors.require(w.batch_tokens >= 1 && w.batch_tokens <= max_batch_tokens, "batch_tokens",
                   up_to(max_batch_tokens), w.batch_tokens);
    errors.require(w.logit_rows >= 1 && w.logit_rows <= w.batch_tokens, "logit_rows", "1..batch_tokens",
                   w.logit_rows);
}

// A buffer for each layout, those that are allocated first.
void add_weight_buffers(const Plan& plan, const backend::Backend& backend, std::vector<PlanBuffer>& out) {
    struct Held {
        std::uint64_t tensors = 0, bytes = 0, mapped = 0;
    };
    std::map<std::pair<bool, std::uint8_t>, Held> layouts;
    for (const auto& weight : plan.program.weights) {
        const bool in_place = weight.layout.bytes == 0;
        auto& held = layouts[{in_place, weight.layout.id}];
        ++held.tensors;
        held.bytes += weight.layout.bytes;
        if (in_place) held.mapped += weight.stored_bytes();
    }
    for (const auto& [layout, held] : layouts) {
        out.push_back({.device = plan.device.name,
                       .name = std::string("weights, ") + backend.layout_name(layout.second),
                       .bytes = held.bytes,
                       .mapped_bytes = held.mapped,
                       .detail = fmt::format("{} tensors", held.tensors)});
    }
}

void add_cache_buffers(const Plan& plan, std::vector<PlanBuffer>& out) {
    for (std::size_t i = 0; i < plan.program.caches.size(); ++i) {
        const auto& g = plan.program.caches[i];
        out.push_back(
            {.device = plan.device.name,
             .name = g.window > 0 ? fmt::format("kv cache, window {}", g.window) : "kv cache, all tokens",
             .bytes = plan.cache_bytes[i],
             .detail = fmt::format("{} layers x {} pages x {} tokens, {}", g.layers, g.pages,
                                   backend::page_tokens, info(g.type).name)});
    }
}

lamina::Plan summarize(const Plan& plan, const model::Model& model, const backend::Backend& backend) {
    lamina::Plan out;
    out.devices = {plan.device};
    add_weight_buffers(plan, backend, out.buffers);
    add_cache_buffers(plan, out.buffers);
    out.buffers.push_back({.device = plan.device.name,
                           .name = "workspace",
                           .bytes = plan.workspace_bytes,
                           .detail = fmt::format("{} rows, {} logit rows a step", plan.workload.batch_tokens,
                                                 plan.workload.logit_rows)});
    PlanLayers layers{
        .first = 0, .last = static_cast<std::uint32_t>(model.layers.size() - 1), .device = plan.device.name};
    for (const auto& weight : plan.program.weights) {
        if (weight.layer != no_layer) layers.weight_bytes += weight.stored_bytes();
    }
    out.layers = {layers};
    out.context = plan.workload.context;
    out.sequences = plan.workload.sequences;
    out.batch_tokens = plan.workload.batch_tokens;
    out.ops = to_text(plan.program, backend.layout_name);
    out.reason = fmt::format("Everything is on {}: {} of {} free there.", plan.device.name,
                             format_bytes(out.total_bytes()), format_bytes(plan.device.available_bytes));
    return out;
}

// The sizes of a cache come from the file and the user: their product is checked against what no memory can
// be.
std::uint64_t checked_bytes(const DeviceInfo& device, const backend::CacheGeometry& g) {
    constexpr std::uint64_t absurd = std::uint64_t{1} << 50;
    const auto layer = checked_mul(g.block_bytes(), g.pages);
    const auto all = layer ? checked_mul(*layer, g.layers) : std::nullopt;
    if (all && *all < absurd) return *all;
    errors.fail(ErrorCode::out_of_memory, device.name, "a KV cache below " + format_bytes(absurd),
                fmt::format("{} layers x {} pages of {}", g.layers, g.pages, format_bytes(g.block_bytes())));
}

// The bytes of all caches, in the type that they have.
std::uint64_t measure_caches(Plan& plan) {
    plan.cache_bytes.clear();
    for (const auto& cache : plan.program.caches)
        plan.cache_bytes.push_back(checked_bytes(plan.device, cache));
    return std::accumulate(plan.cache_bytes.begin(), plan.cache_bytes.end(), std::uint64_t{0});
}

void size_caches(Plan& plan, const backend::Backend& backend) {
    for (auto& cache : plan.program.caches) cache.type = plan.workload.numerics.cache.value_or(DType::f32);
    DType type = cache_type(plan.workload.numerics, measure_caches(plan));
    if (backend.cache_type) type = backend.cache_type(type);
    for (auto& cache : plan.program.caches) cache.type = type;
    measure_caches(plan);
}

void check_memory(const Plan& plan) {
    const auto needed = plan.summary.total_bytes();
    const auto available = plan.device.available_bytes;
    if (needed <= available) return;
    std::uint64_t cache = 0;
    for (auto bytes : plan.cache_bytes) cache += bytes;
    errors.fail(ErrorCode::out_of_memory, plan.device.name,
                fmt::format("at most {} (free memory)", format_bytes(available)),
                fmt::format("{}, of which {} for the KV cache of {} x {} tokens; a "
                            "smaller context or fewer sequences need less",
                            format_bytes(needed), format_bytes(cache), plan.workload.sequences,
                            plan.workload.context));
}

}  // namespace

Plan make_plan(const model::Model& model, const backend::Backend& backend, const DeviceInfo& device,
               const backend::DeviceOptions& options, const Workload& workload) {
    check(workload);
    Plan plan;
    plan.device = device;
    plan.workload = workload;
    plan.workload.context = std::min(workload.context, model.config.trained_context);
    const std::uint64_t positions = std::uint64_t{plan.workload.context} * workload.sequences;
    errors.require(positions <= max_positions, "sequences",
                   "at most " + std::to_string(max_positions) + " tokens of context in all sequences",
                   positions);
    auto lowered = lower(model, plan.workload);
    decide_precision(lowered.program, lowered.value_projections, workload.numerics);
    plan.program = std::move(lowered.program);
    plan.sources = std::move(lowered.sources);
    for (auto& weight : plan.program.weights) weight.layout = backend.choose_layout(device, options, weight);
    size_caches(plan, backend);
    plan.workspace_bytes = backend.workspace_bytes(device, options, plan.program);
    plan.summary = summarize(plan, model, backend);
    check_memory(plan);
    return plan;
}

}  // namespace lamina::plan
