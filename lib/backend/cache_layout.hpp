// Where a token's keys and values lie: the geometry of one cache group on one device, shared by the planner,
// the page tables and every attention kernel.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/checked.hpp"
#include "base/dtype.hpp"

namespace lamina::backend {

inline constexpr std::uint32_t page_tokens = 32;
inline constexpr std::int32_t no_page = -1;

// Layers that remember the same kind of thing for the same tokens share a group and its page tables.
// A group's buffer is [layers][pages] blocks; a block is keys [kv_heads, page_tokens, key_dim], then values
// [kv_heads, page_tokens, value_dim], both of `type`, padded to 64 bytes. Rows of q8_0 are whole blocks, the
// last one filled up with zeros.
struct CacheGeometry {
    DType type = DType::f16;  // f32, f16, bf16 or q8_0
    std::uint32_t layers = 0;
    std::uint32_t pages = 0;  // of page_tokens tokens each
    std::uint32_t kv_heads = 0;
    std::uint32_t key_dim = 0;
    std::uint32_t value_dim = 0;
    std::uint32_t window = 0;  // tokens that attention reaches back, itself included; 0 = all
    // Values are the first value_dim elements of the keys (latent attention) and take no place of their own.
    bool values_in_keys = false;

    // Bytes of a token's keys or values of one head: from a row to the next.
    std::uint64_t key_stride() const { return stride(key_dim); }
    std::uint64_t value_stride() const { return stride(values_in_keys ? key_dim : value_dim); }
    std::uint64_t keys_bytes() const { return std::uint64_t{kv_heads} * page_tokens * key_stride(); }
    std::uint64_t values_bytes() const {
        return values_in_keys ? 0 : std::uint64_t{kv_heads} * page_tokens * value_stride();
    }
    std::uint64_t block_bytes() const { return align_up(keys_bytes() + values_bytes(), 64); }
    std::uint64_t bytes() const { return block_bytes() * pages * layers; }

    std::uint64_t block(std::uint32_t layer, std::uint32_t page) const {
        return (std::uint64_t{layer} * pages + page) * block_bytes();
    }
    // Byte offsets in the buffer of one head's rows of a page: [page_tokens, key_dim] and [page_tokens,
    // value_dim].
    std::uint64_t keys(std::uint32_t layer, std::uint32_t page, std::uint32_t head) const {
        return block(layer, page) + std::uint64_t{head} * page_tokens * key_stride();
    }
    std::uint64_t values(std::uint32_t layer, std::uint32_t page, std::uint32_t head) const {
        if (values_in_keys) return keys(layer, page, head);
        return block(layer, page) + keys_bytes() + std::uint64_t{head} * page_tokens * value_stride();
    }

  private:
    std::uint64_t stride(std::uint64_t dim) const {
        return div_up(dim, info(type).block_size) * info(type).block_bytes;
    }
};

// The pages that a group needs so that `sequences` sequences of `context` tokens can live at once, when at
// most `rows` tokens are appended in a step. A windowed group keeps what its window reaches and what the step
// adds.
inline std::uint32_t pages_needed(std::uint32_t window, std::uint32_t sequences, std::uint32_t context,
                                  std::uint32_t rows) {
    const auto whole = static_cast<std::uint32_t>(div_up(context, page_tokens));
    if (window == 0) return whole * sequences;
    // Before a step a sequence holds the pages that its window reaches, which may begin and end inside a
    // page; the step's rows, shared out over the sequences, add theirs and at most one begun page each.
    const auto held = std::min<std::uint64_t>(whole, div_up(window, page_tokens) + 1);
    const auto added = div_up(rows, page_tokens) + sequences;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{whole} * sequences, held * sequences + added));
}

}  // namespace lamina::backend
