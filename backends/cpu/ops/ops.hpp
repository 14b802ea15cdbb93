// Every op's way from data to stages. Each build() checks what the op says against the program, throws
// invalid_argument or unsupported where it contradicts it, and adds the stages that compute it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cpu/kernels/float_kernels.hpp"
#include "cpu/kernels/linear_task.hpp"
#include "cpu/ladder.hpp"
#include "cpu/ops/builder.hpp"

namespace lamina::cpu {

void build(const backend::Embed& op, Builder& b);
void build(const backend::Norm& op, Builder& b);
void build(const backend::Linear& op, Builder& b);
void build(const backend::Rope& op, Builder& b);
void build(const backend::StoreKv& op, Builder& b);
void build(const backend::Attention& op, Builder& b);
void build(const backend::Activate& op, Builder& b);
void build(const backend::Add& op, Builder& b);
void build(const backend::Gather& op, Builder& b);
void build(const backend::Scale& op, Builder& b);
void build(const backend::StridedCopy& op, Builder& b);
void build(const backend::Route& op, Builder& b);
void build(const backend::Dispatch& op, Builder& b);
void build(const backend::Combine& op, Builder& b);
void build(const backend::Gate& op, Builder& b);
// Consecutive Linears that read the same slot (q, k, v; gate, up): the input is quantized or rounded once for
// all that want it. `linears` has at least one element. `next`: an Activate that follows them, or null; true
// where the stages do it too.
bool build_linears(std::span<const backend::Linear> linears, const backend::Activate* next, Builder& b);
// Fills the rotary tables for the step's positions; before all other stages.
void build_rope_tables(Builder& b);

class Profile;
// All ops of the program, in order; consecutive Linears that read the same slot go together, and an Activate
// of their results with them. Returns the first stage of the head (Program::head). `profile`, where it is not
// null, learns the names of the stages.
std::size_t build_program(Builder& b, Profile* profile);
// The bytes of the workspace that build_program() asks for, and of the scratch in it.
struct Workspace {
    std::uint64_t bytes = 0, scratch_bytes = 0;
};
Workspace measure(const backend::Program& program, const Target& target);

// An Activate with everything looked up.
struct ActivateOperands {
    FloatKernels::Activation kernel = nullptr;
    const float *gate = nullptr, *up = nullptr;  // up: null where it is not gated
    float* out = nullptr;
};
ActivateOperands activate_operands(const backend::Activate& op, const Builder& b);
// `where`: appended to the level of the kernels.
void report_activate(const backend::Activate& op, std::string_view where, Builder& b);

// Floats of a row's cosines and sines in a rotary table.
std::uint64_t rope_row_floats(const backend::RopeTable& rope);

// The level of the f32 kernels under `allowed` and their table.
Isa float_isa(Isa allowed);
const FloatKernels& float_kernels(Isa allowed);
// The kernels of int8, and the best of them under `allowed`.
Ladder<PackedKernels> packed_levels();
const PackedKernels& packed_kernels(Isa allowed);
// Those of dense weights. avx512_bf16 has none but for pairs of bf16.
Ladder<DenseKernels> dense_levels();
// The kernels of the matrix unit, for Linears that may use it; null where `isa` has none.
const TileKernels* tile_kernels(Isa isa);

}  // namespace lamina::cpu
