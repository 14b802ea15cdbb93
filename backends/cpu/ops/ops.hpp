// Every op's way from data to stages. Each add_ function checks what the op says against the program, throws
// invalid_argument or unsupported where it contradicts it, and appends the stages that compute it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cpu/kernels/float_kernels.hpp"
#include "cpu/kernels/linear_task.hpp"
#include "cpu/ops/stage.hpp"

namespace lamina::cpu {

void add_embed(const BuildContext& context, const backend::Embed& op, Stages& out);
void add_norm(const BuildContext& context, const backend::Norm& op, Stages& out);
void add_rope(const BuildContext& context, const backend::Rope& op, Stages& out);
void add_store_kv(const BuildContext& context, const backend::StoreKv& op, Stages& out);
void add_attention(const BuildContext& context, const backend::Attention& op, Stages& out);
void add_activate(const BuildContext& context, const backend::Activate& op, Stages& out);
void add_add(const BuildContext& context, const backend::Add& op, Stages& out);
void add_gather(const BuildContext& context, const backend::Gather& op, Stages& out);
void add_scale(const BuildContext& context, const backend::Scale& op, Stages& out);
void add_copy_heads(const BuildContext& context, const backend::CopyHeads& op, Stages& out);
void add_route(const BuildContext& context, const backend::Route& op, Stages& out);
void add_dispatch(const BuildContext& context, const backend::Dispatch& op, Stages& out);
void add_combine(const BuildContext& context, const backend::Combine& op, Stages& out);
void add_gate(const BuildContext& context, const backend::Gate& op, Stages& out);

// An Activate with everything looked up.
struct ActivateOperands {
    FloatKernels::Activation kernel = nullptr;
    const float *gate = nullptr, *up = nullptr;  // up: null where it is not gated
    float* out = nullptr;
};
ActivateOperands activate_operands(const BuildContext& context, const backend::Activate& op);
// `where`: appended to the level of the kernels.
void report_activate(const BuildContext& context, const backend::Activate& op, std::string_view where);

// Fills Memory::ropes for the step's positions; before all other stages of a program that has rotary tables.
void add_rope_tables(const BuildContext& context, Stages& out);
// All ops of the program, in order; consecutive Linears that read the same slot go together, and an Activate
// of their results with them. Returns the first stage of the head (Program::head).
std::size_t add_ops(const BuildContext& context, Stages& out);

// Floats of a row's cosines and sines in Memory::ropes.
std::uint64_t rope_row_floats(const backend::RopeTable& rope);
// Scratch of an attention: each thread's block and the parts of long contexts. Pure; 0 for an op that
// add_attention refuses.
std::uint64_t attention_scratch_bytes(const backend::Program& program, const backend::Attention& op,
                                      int threads);
// Scratch of a route: each thread's scores. Pure.
std::uint64_t route_scratch_bytes(const backend::Program& program, const backend::Route& op, int threads);
// The most rows that a slot can hold in a step.
std::uint64_t slot_rows(const backend::Program& program, backend::Slot slot);

// The level of the f32 kernels under `allowed` and their table.
Isa float_isa(Isa allowed);
const FloatKernels& float_kernels(Isa allowed);
// The kernels of int8, best first; the last, which is scalar, runs everywhere.
struct PackedLevel {
    Isa isa;
    const PackedKernels& kernels;
};
std::span<const PackedLevel> packed_levels();
// The best of them under `allowed`.
const PackedKernels& packed_kernels(Isa allowed);

// Checks and look-ups for the add_ functions. `op` names the op in errors.
void expect(bool holds, std::string_view op, std::string_view expected, std::string_view found);
const backend::SlotInfo& slot_info(const BuildContext& context, std::string_view op, backend::Slot slot);
// f32 [count], refused where the weight is of another form or length.
const float* vector_weight(const BuildContext& context, std::string_view op, backend::WeightId id,
                           std::uint64_t count);
std::uint32_t routing_index(const BuildContext& context, std::string_view op, backend::RoutingId id);
const backend::CacheGeometry& cache_geometry(const BuildContext& context, std::string_view op,
                                             std::uint32_t group, std::uint32_t layer);
// The reasons why better implementations were passed over: "onednn: quantized weights; avx512_vnni: ...".
class Refusals {
  public:
    void add(const std::string& implementation, const std::string& reason) {
        text_ += (text_.empty() ? "" : "; ") + implementation + ": " + reason;
    }
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

// True where kernels of `level` may run; adds the reason to `refusals` where not.
bool allowed(Isa level, const BuildContext& context, Refusals& refusals);

// `implementation`: the level of the f32 kernels where it is empty.
void add_report(const BuildContext& context, std::string op, std::string implementation = {},
                const Refusals& refusals = {});

}  // namespace lamina::cpu
