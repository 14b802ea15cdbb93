#include "answer_json.hpp"

namespace lamina::cli {

nlohmann::ordered_json answer_json(const Answer& answer, const std::string& text) {
    const Statistics statistics = answer.statistics();
    return {{"text", text},
            {"tokens", answer.tokens()},
            {"finish_reason", to_string(answer.finish_reason())},
            {"prompt_tokens", statistics.prompt_tokens},
            {"cached_tokens", statistics.cached_tokens},
            {"generated_tokens", statistics.generated_tokens},
            {"prefill_seconds", statistics.prefill_seconds},
            {"decode_seconds", statistics.decode_seconds},
            {"tokens_per_second", statistics.tokens_per_second()}};
}

std::string dump(const nlohmann::ordered_json& value) {
    return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace lamina::cli
