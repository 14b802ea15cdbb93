// Decides how precisely a model computes and writes it into the program: devices obey or refuse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "backend/op.hpp"
#include "base/dtype.hpp"
#include "lamina/numerics.hpp"

namespace lamina::plan {

// What the user asks for.
struct NumericOptions {
    ComputeType compute = ComputeType::automatic;
    bool invariant = false;           // a row's results are the same bits whatever rows are beside it
    std::optional<DType> cache = {};  // f32, f16, bf16 or q8_0; none: cache_type() decides
};

// Sets the precision of every Linear and Attention, and Program::row_invariant. `value_projections`,
// ascending: the ops whose results the KV cache keeps as values.
void decide_precision(backend::Program& program, std::span<const std::size_t> value_projections,
                      const NumericOptions& options);

// A KV cache whose type nobody asked for is f32 where that takes no more than this, else f16.
inline constexpr std::uint64_t small_cache = std::uint64_t{64} << 20;

// The element type of the KV cache. `f32_bytes`: what the whole cache would take in f32.
DType cache_type(const NumericOptions& options, std::uint64_t f32_bytes);

}  // namespace lamina::plan
