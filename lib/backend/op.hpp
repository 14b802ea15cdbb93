// The op set: what a device is asked to do in a step, as plain data. A program is a list of ops over slots;
// the planner writes it once, a device compiles it once and runs it every step. Sizes that change from step
// to step (rows, positions, pages) come with the Step.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "backend/cache_layout.hpp"
#include "base/dtype.hpp"
#include "base/features.hpp"

namespace lamina::backend {

using lamina::Activation;
using lamina::RopePairing;
using lamina::RopeTable;

// A slot is a temporary matrix [rows, width] of f32 on the device, rows contiguous.
using Slot = std::uint32_t;
enum class Rows : std::uint8_t {
    all,     // one row for every token of the step
    wanted,  // one row for every token whose logits are asked for
};
struct SlotInfo {
    std::uint32_t width = 0;
    Rows rows = Rows::all;
};

// Index into Program::weights.
using WeightId = std::uint32_t;
inline constexpr WeightId no_weight = ~WeightId{0};

// Index into Program::ropes.
using RopeId = std::uint32_t;

// out[r, :] = table[tokens[r], :] * scale.   table [vocabulary, width(out)]
struct Embed {
    WeightId table;
    Slot out;
    float scale = 1.0f;
};

// Over each group of `group` consecutive values of a row (width(in) is a multiple of it):
// root mean square (centered = false): out = in / sqrt(mean(in^2) + epsilon) * weight
// layer norm (centered = true):        out = (in - mean) / sqrt(variance + epsilon) * weight + bias
// weight, bias: f32 [group] (the same for every group of a row) or [width] when group == width. in may be
// out.
struct Norm {
    Slot in, out;
    WeightId weight;
    WeightId bias = no_weight;
    std::uint32_t group;
    float epsilon;
    bool centered = false;
};

// out = in x weight^T (+ bias).   in [rows, columns], weight [width(out), columns], bias f32 [width(out)]
struct Linear {
    Slot in;
    WeightId weight;
    WeightId bias = no_weight;
    Slot out;
};

// Turns each head of x [rows, heads * head_dim] in place, by positions[row].
struct Rope {
    Slot x;
    std::uint32_t heads, head_dim;
    RopeId rope;
};

// Writes keys [rows, kv_heads * key_dim] and values [rows, kv_heads * value_dim] to the pages of the rows'
// tokens.
struct StoreKv {
    Slot keys, values;
    std::uint32_t group;  // index into Program::caches
    std::uint32_t layer;  // in the group
};

// Softmax attention of each row over its sequence's cached tokens at positions (own - window, own]:
// score = scale * q.k; with softcap c > 0, score = c * tanh(score / c). Query head h reads kv head h / (heads
// / kv_heads). sinks f32 [heads]: an extra score in the softmax's sum that carries no value. query [rows,
// heads * key_dim] -> out [rows, heads * value_dim]. StoreKv of the same step has run before.
struct Attention {
    Slot query, out;
    std::uint32_t group, layer;
    std::uint32_t heads;
    float scale;
    float softcap = 0.0f;
    WeightId sinks = no_weight;
};

// out = activation(gate) * up, or activation(gate) if !gated (up is ignored). out may be gate or up.
struct Activate {
    Slot gate, up, out;
    Activation kind;
    bool gated = true;
};

// out = a + scale * b. out may be a.
struct Add {
    Slot a, b, out;
    float scale = 1.0f;
};

// out[i, :] = in[wanted[i], :]: the first op on rows of kind `wanted`.
struct Gather {
    Slot in, out;
};

// x = cap * tanh(x * scale / cap), or x * scale where cap is 0. In place.
struct Scale {
    Slot x;
    float scale = 1.0f;
    float cap = 0.0f;
};

using Op = std::variant<Embed, Norm, Linear, Rope, StoreKv, Attention, Activate, Add, Gather, Scale>;

// "linear", "norm", ...: the op's one name, as its files and tests are called.
const char* name(const Op& op);

// How a weight is held by a device; decided by Backend::place.
enum class Form : std::uint8_t {
    file,    // the file's own bytes, in place or copied
    packed,  // quant/packed.hpp
    f32,     // widened to f32, row-major
};

struct WeightInfo {
    std::string name = {};      // of the tensor, for errors and reports
    DType type = DType::f32;    // as stored in the file
    std::uint64_t rows = 1;     // outputs; 1 for vectors
    std::uint64_t columns = 0;  // inputs
    Form form = Form::file;
    std::uint64_t bytes = 0;  // that the device allocates for it: 0 where it reads the mapped file
};

struct Program {
    std::vector<SlotInfo> slots = {};
    std::vector<WeightInfo> weights = {};
    std::vector<RopeTable> ropes = {};
    std::vector<CacheGeometry> caches = {};
    std::vector<Op> ops = {};
    Slot logits = 0;                 // the slot that holds the result, rows `wanted`
    std::uint32_t max_rows = 0;      // tokens in a step
    std::uint32_t max_wanted = 0;    // logit rows in a step
    std::uint32_t max_position = 0;  // positions are below it
};

// Consecutive rows of one sequence, at consecutive positions.
struct SequenceRows {
    std::uint32_t first_row = 0;
    std::uint32_t rows = 0;
    std::uint32_t first_position = 0;
    // One table a cache group; entry i is the page of positions [i * page_tokens, ...), no_page where it has
    // been released because no window reaches it any more.
    std::vector<std::span<const std::int32_t>> pages = {};
};

// One step's varying input. Everything is checked by exec: token ids in range, pages present, sizes within
// the program's.
struct Step {
    std::span<const std::int32_t> tokens = {};      // [rows]
    std::span<const std::uint32_t> positions = {};  // [rows]
    std::span<const SequenceRows> sequences = {};   // cover the rows in order
    std::span<const std::uint32_t> wanted = {};     // rows whose logits are wanted, ascending
    std::uint32_t rows(Rows kind) const {
        return static_cast<std::uint32_t>(kind == Rows::all ? tokens.size() : wanted.size());
    }
};

}  // namespace lamina::backend
