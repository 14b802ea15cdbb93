// Keys and tensor names that the library reads: for the mutator and for the dictionary that the seeds come
// with.
#pragma once

#include <array>
#include <string_view>

namespace lamina::fuzz {

inline constexpr std::array<std::string_view, 53> gguf_keys = {
    "general.architecture",
    "general.alignment",
    "general.name",
    "general.license",
    "split.no",
    "split.count",
    "split.tensors.count",
    "llama.block_count",
    "llama.context_length",
    "llama.embedding_length",
    "llama.feed_forward_length",
    "llama.vocab_size",
    "llama.expert_count",
    "llama.final_logit_softcapping",
    "llama.attn_logit_softcapping",
    "llama.attention.head_count",
    "llama.attention.head_count_kv",
    "llama.attention.key_length",
    "llama.attention.value_length",
    "llama.attention.layer_norm_rms_epsilon",
    "llama.attention.scale",
    "llama.attention.sliding_window",
    "llama.attention.sliding_window_pattern",
    "llama.rope.dimension_count",
    "llama.rope.freq_base",
    "llama.rope.scale_linear",
    "llama.rope.scaling.type",
    "llama.rope.scaling.factor",
    "llama.rope.scaling.original_context_length",
    "llama.rope.scaling.attn_factor",
    "llama.rope.scaling.yarn_beta_fast",
    "llama.rope.scaling.yarn_beta_slow",
    "gemma3.rope.freq_base_swa",
    "gemma3.attention.sliding_window",
    "tokenizer.ggml.model",
    "tokenizer.ggml.pre",
    "tokenizer.ggml.tokens",
    "tokenizer.ggml.scores",
    "tokenizer.ggml.token_type",
    "tokenizer.ggml.merges",
    "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.eom_token_id",
    "tokenizer.ggml.cls_token_id",
    "tokenizer.ggml.unknown_token_id",
    "tokenizer.ggml.seperator_token_id",
    "tokenizer.ggml.padding_token_id",
    "tokenizer.ggml.add_bos_token",
    "tokenizer.ggml.add_eos_token",
    "tokenizer.ggml.add_sep_token",
    "tokenizer.ggml.add_space_prefix",
    "tokenizer.chat_template",
};

inline constexpr std::array<std::string_view, 23> gguf_tensors = {
    "token_embd.weight",          "output.weight",
    "output_norm.weight",         "rope_freqs.weight",
    "blk.0.attn_norm.weight",     "blk.0.attn_q.weight",
    "blk.0.attn_k.weight",        "blk.0.attn_v.weight",
    "blk.0.attn_output.weight",   "blk.0.attn_q.bias",
    "blk.0.attn_k.bias",          "blk.0.attn_v.bias",
    "blk.0.attn_output.bias",     "blk.0.attn_q_norm.weight",
    "blk.0.attn_k_norm.weight",   "blk.0.post_attention_norm.weight",
    "blk.0.post_ffw_norm.weight", "blk.0.ffn_norm.weight",
    "blk.0.ffn_gate.weight",      "blk.0.ffn_up.weight",
    "blk.0.ffn_down.weight",      "blk.0.ffn_gate.bias",
    "blk.0.ffn_down.bias",
};

inline constexpr std::array<std::string_view, 11> gguf_texts = {
    "llama", "gemma3", "gpt2", "t5", "bert", "none", "linear", "yarn", "llama-bpe", "smollm", "gpt-2"};

}  // namespace lamina::fuzz
