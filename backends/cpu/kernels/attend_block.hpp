// What the attention kernels of every instruction set are given: plain numbers and pointers. Functions are
// always inlined, so that no unit compiled for an instruction set defines one for the whole program.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace lamina::cpu {

// The context is cut into spans at fixed positions. Each span is summed by itself and spans are folded
// together in rising order, whoever computes them: results do not depend on how the work is shared out.
constexpr size_t attend_span = 256;  // tokens
constexpr size_t attend_page = 32;   // tokens; backend::page_tokens
constexpr size_t attend_rows = 32;   // query rows of a block: tokens * heads
constexpr size_t attend_pad = 16;    // head sizes are padded to it: the widest vector

enum class AttendType : uint8_t { f32, f16, bf16, q8_0 };

// Consecutive tokens of one sequence and some of the query heads that read one kv head.
struct AttendBlock {
    const float* query =
        nullptr;           // first token, first head: [tokens] rows query_stride apart, each [heads, key_dim]
    float* out = nullptr;  // likewise, [heads, value_dim]
    size_t query_stride = 0, out_stride = 0;
    size_t tokens = 0, heads = 0;  // tokens * heads <= attend_rows
    size_t first_position = 0;

    const unsigned char* keys = nullptr;      // of the layer's page 0: [attend_page] rows key_stride apart
    const unsigned char* values = nullptr;    // likewise, value_stride apart
    size_t key_stride = 0, value_stride = 0;  // bytes from a token's row to the next one's
    size_t page_stride = 0;                   // bytes from page to page
    const int32_t* pages = nullptr;           // of the sequence
    AttendType type = AttendType::f16;
    size_t key_dim = 0, value_dim = 0;
    size_t window = 0;  // 0: all

    float scale = 1.0f, softcap = 0.0f;
    const float* sinks = nullptr;  // [heads] or null
    size_t first_span = 0, last_span = 0;

    float* partials =
        nullptr;  // attend: where the spans' results go instead of `out`; combine: where they are
    size_t partials_span = 0;  // the span of partials[0]; attend_state_floats(rows, value_dim) a span
    float* scratch = nullptr;  // attend_scratch_floats, 64-byte aligned
};

// Running results of a block's rows: maxima [attend_rows], sums [attend_rows], weighted values [rows, padded
// value_dim].
[[gnu::always_inline]] constexpr size_t attend_padded(size_t dim) {
    return (dim + attend_pad - 1) / attend_pad * attend_pad;
}
[[gnu::always_inline]] constexpr size_t attend_state_floats(size_t rows, size_t value_dim) {
    return 2 * attend_rows + rows * attend_padded(value_dim);
}
[[gnu::always_inline]] constexpr size_t attend_wider(size_t key_dim, size_t value_dim) {
    return key_dim > value_dim ? key_dim : value_dim;
}
// Queries, a page of keys or values and again as pairs, scores, two states.
[[gnu::always_inline]] constexpr size_t attend_scratch_floats(size_t key_dim, size_t value_dim) {
    return attend_rows * attend_padded(key_dim) +
           2 * attend_page * attend_padded(attend_wider(key_dim, value_dim)) + attend_rows * attend_page +
           2 * attend_state_floats(attend_rows, value_dim);
}

}  // namespace lamina::cpu
