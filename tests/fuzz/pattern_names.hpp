// One name for each different pre-tokenizer pattern, as tokenizer.ggml.pre has them, and one that no table
// has.
#pragma once

#include <array>
#include <string_view>

namespace lamina::fuzz {

inline constexpr std::array<std::string_view, 7> pattern_names = {
    "gpt-2", "smollm", "llama-bpe", "qwen2", "deepseek-llm", "falcon", "unknown"};

}  // namespace lamina::fuzz
