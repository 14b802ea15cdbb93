#include "text/vocabulary.hpp"

#include <cmath>

#include "text/segmenters.hpp"

namespace lamina::text {
namespace {

void validate_id(const VocabularyData& data, std::int32_t id, const char* key) {
    if (id == no_token || (id >= 0 && static_cast<std::size_t>(id) < data.tokens.size())) return;
    data.errors().fail(ErrorCode::bad_file, key, "an id below " + std::to_string(data.tokens.size()),
                       std::to_string(id));
}

void validate_token(const VocabularyData& data, std::size_t id) {
    const Token& token = data.tokens[id];
    const auto name = [id](const char* key) { return std::string(key) + "[" + std::to_string(id) + "]"; };
    if (!std::isfinite(token.score)) {
        data.errors().fail(ErrorCode::bad_file, name("tokenizer.ggml.scores"), "a finite number",
                           std::to_string(token.score));
    }
    if (token.kind > TokenKind::byte) {
        data.errors().fail(ErrorCode::bad_file, name("tokenizer.ggml.token_type"), "0..6",
                           std::to_string(static_cast<int>(token.kind)));
    }
    if (token.kind == TokenKind::byte && byte_token_value(token.text) < 0) {
        data.errors().fail(ErrorCode::bad_file, name("tokenizer.ggml.tokens"),
                           "a byte token, <0x00> to <0xFF>", "'" + token.text + "'");
    }
}

// What the automata of control and of user-defined tokens take is proportional to their text.
void validate_special_bytes(const VocabularyData& data) {
    std::size_t bytes = 0;
    for (const auto& token : data.tokens) {
        if (is_special(token.kind) || token.kind == TokenKind::user_defined) bytes += token.text.size();
    }
    if (bytes <= most_special_bytes) return;
    data.errors().fail(
        ErrorCode::bad_file, "tokenizer.ggml.tokens",
        "at most " + std::to_string(most_special_bytes) + " bytes of control and user-defined tokens",
        std::to_string(bytes));
}

}  // namespace

void validate(const VocabularyData& data) {
    if (data.tokens.empty() || data.tokens.size() > most_tokens) {
        data.errors().fail(ErrorCode::bad_file, "tokenizer.ggml.tokens",
                           "1.." + std::to_string(most_tokens) + " tokens",
                           std::to_string(data.tokens.size()));
    }
    for (std::size_t id = 0; id < data.tokens.size(); ++id) validate_token(data, id);
    validate_special_bytes(data);
    validate_id(data, data.bos, "tokenizer.ggml.bos_token_id");
    validate_id(data, data.eos, "tokenizer.ggml.eos_token_id");
    validate_id(data, data.unknown, "tokenizer.ggml.unknown_token_id");
    validate_id(data, data.separator, "tokenizer.ggml.seperator_token_id");
    validate_id(data, data.padding, "tokenizer.ggml.padding_token_id");
    validate_id(data, data.end_of_turn, "tokenizer.ggml.eot_token_id");
    validate_id(data, data.end_of_message, "tokenizer.ggml.eom_token_id");
}

}  // namespace lamina::text
