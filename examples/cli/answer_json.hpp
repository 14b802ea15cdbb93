// An answer as scripts want it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "lamina/engine.hpp"

namespace lamina::cli {

// {"text", "tokens", "finish_reason", "prompt_tokens", "cached_tokens", "generated_tokens",
// "prefill_seconds", "decode_seconds", "tokens_per_second"}
nlohmann::ordered_json answer_json(const Answer& answer, const std::string& text);

// One line. Bytes that are no UTF-8, as parts of characters are, become U+FFFD.
std::string dump(const nlohmann::ordered_json& value);

}  // namespace lamina::cli
