// How the work of an attention is cut into units and shared out. A unit is a block of query rows of one
// sequence against one kv head; a single row with a long context, when there are few units, is cut into the
// spans of its context too.
#pragma once

#include <algorithm>
#include <cstdint>

#include "backend/op.hpp"
#include "base/checked.hpp"
#include "cpu/kernels/attend_block.hpp"

namespace lamina::cpu {

static_assert(attend_page == backend::page_tokens);

struct AttentionShape {
    std::uint64_t kv_heads = 1, group_heads = 1;  // query heads that read one kv head
    std::uint64_t parts = 1, part_heads = 1;      // a group's heads in parts that one block takes
    std::uint64_t tokens = 1;                     // of a block
    std::uint64_t value_dim = 0, window = 0;
    std::uint64_t threads = 1;
    std::uint64_t spans = 1;     // that a row reaches at most
    std::uint64_t cut_rows = 0;  // single rows cut into spans in a step, at most

    AttentionShape() = default;
    AttentionShape(const backend::Program& program, const backend::Attention& op, int thread_count) {
        const auto& g = program.caches[op.group];
        constexpr std::uint64_t most_heads = attend_rows / 2, most_tokens = 16;
        kv_heads = g.kv_heads;
        group_heads = op.heads / g.kv_heads;
        parts = div_up(group_heads, most_heads);
        part_heads = div_up(group_heads, parts);
        tokens = std::min<std::uint64_t>(attend_rows / part_heads, most_tokens);
        value_dim = g.value_dim;
        window = g.window;
        threads = static_cast<std::uint64_t>(thread_count);
        spans = div_up(std::max<std::uint64_t>(program.max_position, 1), attend_span);
        if (window != 0) spans = std::min(spans, window / attend_span + 2);
        cut_rows =
            spans < 2 ? 0 : std::min<std::uint64_t>(program.max_rows, div_up(few_units(), kv_heads * parts));
    }

    // Below this many units some threads would be idle or wait for others.
    std::uint64_t few_units() const { return 4 * threads; }
    std::uint64_t partial_floats() const {
        return spans * attend_state_floats(part_heads, value_dim);
    }  // of a unit
    std::uint64_t partials_floats() const { return cut_rows * kv_heads * parts * partial_floats(); }
};

struct AttentionUnit {
    const backend::SequenceRows* sequence = nullptr;
    std::uint64_t kv_head = 0, first_head = 0, heads = 0;  // query heads within the group
    std::uint64_t first_row = 0, rows = 0;                 // within the sequence
    std::uint64_t first_span = 0, last_span = 0;
    bool cut = false;           // its spans go to partial results
    std::uint64_t partial = 0;  // number of its partial memory, where cut

    std::uint64_t first_position() const { return sequence->first_position + first_row; }
};

// Whether single rows with several spans are cut in this step.
inline bool cuts(const AttentionShape& shape, const backend::Step& step) {
    if (shape.cut_rows == 0) return false;
    std::uint64_t units = 0;
    for (const auto& s : step.sequences) units += div_up(s.rows, shape.tokens) * shape.kv_heads * shape.parts;
    return units < shape.few_units();
}

// Visits every unit of the step in a fixed order.
template <class Visit>
void for_each_unit(const AttentionShape& shape, const backend::Step& step, Visit visit) {
    const bool cutting = cuts(shape, step);
    std::uint64_t partial = 0;
    for (const auto& sequence : step.sequences) {
        for (std::uint64_t head = 0; head < shape.kv_heads * shape.parts; ++head) {
            for (std::uint64_t row = 0; row < sequence.rows; row += shape.tokens) {
                AttentionUnit unit;
                unit.sequence = &sequence;
                unit.kv_head = head / shape.parts;
                unit.first_head = head % shape.parts * shape.part_heads;
                unit.heads = std::min(shape.part_heads, shape.group_heads - unit.first_head);
                unit.first_row = row;
                unit.rows = std::min<std::uint64_t>(shape.tokens, sequence.rows - row);
                const std::uint64_t first = unit.first_position();
                unit.first_span =
                    (shape.window != 0 && first >= shape.window ? first - shape.window + 1 : 0) / attend_span;
                unit.last_span = (first + unit.rows - 1) / attend_span + 1;
                unit.cut = cutting && sequence.rows == 1 && !sequence.prefill &&
                           unit.last_span - unit.first_span > 1;
                if (unit.cut) unit.partial = partial++;
                visit(unit);
            }
        }
    }
}

// About the time of a unit's span: every token of it is widened once and multiplied with every row.
inline std::uint64_t span_cost(const AttentionShape& shape, const AttentionUnit& unit, std::uint64_t span) {
    const std::uint64_t first = unit.first_position(), past = first + unit.rows;
    const std::uint64_t lowest = shape.window != 0 && first >= shape.window ? first - shape.window + 1 : 0;
    const std::uint64_t begin = std::max(lowest, span * attend_span),
                        end = std::min<std::uint64_t>(past, (span + 1) * attend_span);
    return (end - begin + attend_page) * (unit.rows * unit.heads + 2);
}

}  // namespace lamina::cpu
