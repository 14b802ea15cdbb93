#include "text/end_tokens.hpp"

#include <algorithm>
#include <array>

namespace lamina::text {
namespace {

// From the chat templates and generation configurations of the families named.
constexpr std::array<std::string_view, 22> names = {
    "<|im_end|>",  // ChatML: Qwen, SmolLM
    "<|eot_id|>",
    "<|eom_id|>",  // Llama 3
    "<|end|>",     // Phi 3
    "<|return|>",
    "<|call|>",  // gpt-oss (Harmony)
    "<|flush|>",
    "<|calls|>",      // Solar Open
    "<end_of_turn>",  // Gemma 2 and 3
    "<eos>",
    "<turn|>",          // Gemma 4
    "<|endoftext|>",    // GPT-2
    "<|end_of_text|>",  // Llama 3, Granite
    "</s>",             // Llama 2, Mistral
    "<EOT>",
    "_<EOT>",  // StarCoder's kin
    "[EOT]",
    "[EOS]",                  // Kimi K2
    "<end_of_utterance>",     // SmolVLM
    "<｜end▁of▁sentence｜>",  // DeepSeek
    "<|END_OF_TURN_TOKEN|>",  // Command R
    "[e~[",                   // MiniMax
};

}  // namespace

bool is_end_name(std::string_view text) { return std::find(names.begin(), names.end(), text) != names.end(); }

}  // namespace lamina::text
