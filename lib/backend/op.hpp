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
using lamina::ExpertRouting;
using lamina::ExpertScoring;
using lamina::RopePairing;
using lamina::RopeTable;

// A slot is a temporary matrix [rows, width] of f32 on the device, rows contiguous.
using Slot = std::uint32_t;
enum class Rows : std::uint8_t {
    all,      // one row for every token of the step
    outputs,  // one row for every token whose logits are wanted
};
struct SlotInfo {
    std::uint32_t width = 0;
    Rows rows = Rows::all;
    // A slot has `copies` rows for each row of its kind: one for each head, in the order of the heads, or one
    // for each expert that a token has chosen, in the order of the experts (Dispatch).
    std::uint32_t copies = 1;
    bool operator==(const SlotInfo&) const = default;
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

// Index into Program::routings.
using RoutingId = std::uint32_t;
inline constexpr RoutingId no_routing = ~RoutingId{0};

// Over each group of `group` consecutive values of a row (width(in) is a multiple of it):
// root mean square (centered = false): out = in / sqrt(mean(in^2) + epsilon) * weight
// layer norm (centered = true):        out = (in - mean) / sqrt(variance + epsilon) * weight + bias
// weight, bias: f32 [group], the same for every group of a row, or [width(in)]. in may be out.
struct Norm {
    Slot in, out;
    WeightId weight;
    WeightId bias = no_weight;
    std::uint32_t group;
    float epsilon;
    bool centered = false;
};

// What inputs may be rounded to, at the coarsest. A device that cannot keep to it refuses the op.
enum class Precision : std::uint8_t {
    f32,    // float weights, attention
    bf16,   // float weights, attention: rounded to bf16, whatever then multiplies them
    int16,  // quantized weights: 8 bits, and 8 more for what rounding to them lost
    int8,   // quantized weights
};
const char* name(Precision precision);  // "f32", ...
const char* name(Activation kind);      // "silu", ...

// out = in x weight^T (+ bias).   in [rows, columns], weight [width(out), columns], bias f32 [width(out)]
// A weight of several matrices multiplies the rows of several copies: matrix m those of copy m, or with a
// routing the rows that chose expert m. The bias then has [matrices * width(out)] values.
struct Linear {
    Slot in;
    WeightId weight;
    WeightId bias = no_weight;
    Slot out;
    RoutingId routing = no_routing;
    Precision input = Precision::f32;
    // Quantized weights: a matrix unit may multiply many rows, with inputs and weights rounded to bf16.
    bool matrix_unit = false;
};

// Turns the values [offset, offset + dims of the table) of each head of x [rows, heads * head_dim] in place,
// by positions[row].
struct Rope {
    Slot x;
    std::uint32_t heads, head_dim;
    RopeId rope;
    std::uint32_t offset = 0;
};

// Writes keys [rows, kv_heads * key_dim] and values [rows, kv_heads * value_dim] to the pages of the rows'
// tokens. Values that are part of the keys (CacheGeometry) are not written: `values` is ignored.
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
    // Of queries, keys, values and softmax weights, for prefill rows (SequenceRows::prefill): f32 or bf16.
    Precision prefill = Precision::f32;
};

// out = activation(gate) * up, or activation(gate) if !gated (up is ignored); clamped_swiglu as features.hpp
// says. out may be gate or up. What
// gate and up hold afterwards, unless they are out, is undefined: they may never have been written to memory.
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

// out[i, :] = in[outputs[i], :]: the first op on output rows.
struct Gather {
    Slot in, out;
};

// x = cap * tanh(x * scale / cap), or x * scale where cap is 0. In place.
struct Scale {
    Slot x;
    float scale = 1.0f;
    float cap = 0.0f;
};

// Where the heads of a slot lie: head h of a row begins `offset` behind value h * stride of the row, or, with
// copies, behind the start of row [copy h].
struct Heads {
    Slot slot;
    std::uint32_t stride = 0, offset = 0;  // values; a slot of copies needs no stride
};
// Copies `width` values of each of `heads` heads from one place to another.
struct StridedCopy {
    Heads in, out;
    std::uint32_t heads, width;
};

// Chooses experts for each row of `logits` [rows, experts] (features.hpp says how) and sorts the pairs of row
// and expert by expert, then by row. selection_bias f32 [experts] is added to the scores for the choice
// alone. Of two equal scores the lower expert wins.
struct Route {
    Slot logits;
    RoutingId routing;
    WeightId selection_bias = no_weight;
};

// out [rows * used, width] = the row of each pair, in the routing's order.
struct Dispatch {
    Slot in, out;
    RoutingId routing;
};

// out [rows, width] = sum over a row's pairs, in the order of choice (best score first), of weight * in
// [pair].
struct Combine {
    Slot in, out;
    RoutingId routing;
};

// x[r, :] *= sigmoid(gate[r, 0]). In place.
struct Gate {
    Slot x, gate;
};

using Op = std::variant<Embed, Norm, Linear, Rope, StoreKv, Attention, Activate, Add, Gather, Scale,
                        StridedCopy, Route, Dispatch, Combine, Gate>;

// "linear", "norm", ...: the op's one name, in programs, profiles and errors.
const char* name(const Op& op);

// How a device holds a weight: the backend's own number of an arrangement (Backend::layout_name).
struct WeightLayout {
    std::uint8_t id = 0;
    std::uint64_t bytes = 0;  // that the device allocates for it: 0 where it reads the mapped file
    bool operator==(const WeightLayout&) const = default;
};

struct WeightInfo {
    std::string name = {};           // of the tensor, for errors
    std::uint32_t layer = no_layer;  // no_layer: of none, as the embedding table
    std::string role = {};           // what it does in its layer, by GGUF's name for it: "attn_q"
    DType type = DType::f32;         // as stored in the file
    std::uint64_t matrices = 1;      // of [rows, columns] each
    std::uint64_t rows = 1;          // outputs; 1 for vectors
    std::uint64_t columns = 0;       // inputs
    WeightLayout layout = {};

    std::uint64_t values() const { return matrices * rows * columns; }
    std::uint64_t stored_bytes() const { return matrices * rows * row_bytes(type, columns); }
};

struct Program {
    std::vector<SlotInfo> slots = {};
    std::vector<std::string> slot_names = {};  // by Slot, for people; may be empty
    std::vector<WeightInfo> weights = {};
    std::vector<RopeTable> ropes = {};
    std::vector<ExpertRouting> routings = {};
    std::vector<CacheGeometry> caches = {};
    std::vector<Op> ops = {};
    Slot logits = 0;                       // the slot that holds the result, of output rows
    Slot hidden = 0;                       // behind the last norm: what the logits are made from, rows `all`
    std::vector<std::size_t> layers = {};  // the first op of each layer, and behind the last
    std::size_t head = 0;                  // the ops from here on make the logits from it
    std::uint32_t max_rows = 0;            // tokens in a step
    std::uint32_t max_outputs = 0;         // logit rows in a step
    std::uint32_t max_position = 0;        // positions are below it
    bool row_invariant = false;  // the results of a row are the same bits whatever rows are beside it
};

// Consecutive rows of one sequence, at consecutive positions.
struct SequenceRows {
    std::uint32_t first_row = 0;
    std::uint32_t rows = 0;
    std::uint32_t first_position = 0;
    // Rows of tokens that were given together, even where this step holds only one of them; always true of
    // several rows. They may use prefill kernels.
    bool prefill = false;
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
    std::span<const std::uint32_t> outputs = {};    // rows whose logits are wanted, ascending
    bool hidden_only = false;                       // Program::hidden is the result: the head is left out
    std::uint32_t rows(Rows kind) const {
        return static_cast<std::uint32_t>(kind == Rows::all ? tokens.size() : outputs.size());
    }
    std::uint64_t rows(const SlotInfo& slot) const { return std::uint64_t{rows(slot.rows)} * slot.copies; }
};

}  // namespace lamina::backend
