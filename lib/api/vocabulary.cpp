#include "api/vocabulary.hpp"

#include "base/errors.hpp"
#include "text/pretokenizer.hpp"

namespace lamina {
namespace {

using text::TokenizerKind;
using text::VocabularyData;

Errors errors_of(const format::ModelFile& file) { return {"tokenizer", file.path()}; }

TokenizerKind kind_of(const format::ModelFile& file, const std::string& name) {
    if (name == "gpt2") return TokenizerKind::bpe;
    if (name == "llama") return TokenizerKind::sentencepiece;
    if (name == "bert") return TokenizerKind::wordpiece;
    if (name == "t5") return TokenizerKind::unigram;
    errors_of(file).fail(ErrorCode::unsupported, "tokenizer.ggml.model", "gpt2, llama, bert or t5",
                         "'" + name + "'");
}

void check_length(const format::ModelFile& file, std::string_view key, std::size_t expected,
                  std::size_t found) {
    if (expected == found) return;
    errors_of(file).fail(ErrorCode::bad_file, key, std::to_string(expected) + " values, one a token",
                         std::to_string(found));
}

void read_tokens(const format::ModelFile& file, VocabularyData& data) {
    const auto* texts = file.strings("tokenizer.ggml.tokens");
    if (texts == nullptr) {
        errors_of(file).fail(ErrorCode::bad_file, "tokenizer.ggml.tokens", "an array of strings",
                             "no such key");
    }
    if (texts->empty() || texts->size() > text::most_tokens) {
        errors_of(file).fail(ErrorCode::bad_file, "tokenizer.ggml.tokens",
                             "1.." + std::to_string(text::most_tokens) + " tokens",
                             std::to_string(texts->size()));
    }
    data.tokens.resize(texts->size());
    for (std::size_t id = 0; id < texts->size(); ++id) data.tokens[id].text = (*texts)[id];
}

void read_scores(const format::ModelFile& file, VocabularyData& data) {
    const auto* scores = file.reals("tokenizer.ggml.scores");
    if (scores == nullptr) return;
    check_length(file, "tokenizer.ggml.scores", data.tokens.size(), scores->size());
    for (std::size_t id = 0; id < scores->size(); ++id)
        data.tokens[id].score = static_cast<float>((*scores)[id]);
}

void read_kinds(const format::ModelFile& file, VocabularyData& data) {
    const auto* kinds = file.integers("tokenizer.ggml.token_type");
    if (kinds == nullptr) return;
    check_length(file, "tokenizer.ggml.token_type", data.tokens.size(), kinds->size());
    for (std::size_t id = 0; id < kinds->size(); ++id) {
        const auto value = (*kinds)[id];
        if (value < 0 || value > static_cast<std::int64_t>(text::TokenKind::byte)) {
            errors_of(file).fail(ErrorCode::bad_file, "tokenizer.ggml.token_type[" + std::to_string(id) + "]",
                                 "0..6", std::to_string(value));
        }
        data.tokens[id].kind = static_cast<text::TokenKind>(value);
    }
}

void read_merges(const format::ModelFile& file, VocabularyData& data) {
    if (data.kind != TokenizerKind::bpe) return;
    const auto* merges = file.strings("tokenizer.ggml.merges");
    if (merges == nullptr) {
        errors_of(file).fail(ErrorCode::bad_file, "tokenizer.ggml.merges", "an array of strings",
                             "no such key");
    }
    data.merges = *merges;
}

bool is_minus_one(const format::ModelFile& file, const char* key) {
    const auto at = file.metadata.find(std::string_view(key));
    if (at == file.metadata.end()) return false;
    const auto* wide = std::get_if<std::int64_t>(&at->second);
    const auto* natural = std::get_if<std::uint64_t>(&at->second);
    return (wide != nullptr && (*wide == -1 || *wide == UINT32_MAX)) ||
           (natural != nullptr && *natural == UINT32_MAX);
}

std::int32_t read_id(const format::ModelFile& file, const VocabularyData& data, const char* key) {
    if (is_minus_one(file, key)) return text::no_token;
    const auto id = file.integer(key, 0, data.tokens.size() - 1);
    return id ? static_cast<std::int32_t>(*id) : text::no_token;
}

void read_ids(const format::ModelFile& file, VocabularyData& data) {
    data.bos = read_id(file, data, "tokenizer.ggml.bos_token_id");
    if (data.bos == text::no_token && data.kind == TokenizerKind::wordpiece) {
        data.bos = read_id(file, data, "tokenizer.ggml.cls_token_id");
    }
    data.eos = read_id(file, data, "tokenizer.ggml.eos_token_id");
    data.end_of_turn = read_id(file, data, "tokenizer.ggml.eot_token_id");
    data.end_of_message = read_id(file, data, "tokenizer.ggml.eom_token_id");
    data.unknown = read_id(file, data, "tokenizer.ggml.unknown_token_id");
    data.separator =
        read_id(file, data, "tokenizer.ggml.seperator_token_id");  // spelled so in the specification
    data.padding = read_id(file, data, "tokenizer.ggml.padding_token_id");
}

void read_flags(const format::ModelFile& file, VocabularyData& data) {
    const bool pieces = data.kind == TokenizerKind::sentencepiece;
    const bool words = data.kind == TokenizerKind::wordpiece;
    const bool by_pattern = data.kind == TokenizerKind::bpe && text::find_pattern(data.pattern).add_bos;
    data.add_bos = file.boolean("tokenizer.ggml.add_bos_token").value_or(pieces || words || by_pattern);
    data.add_eos = file.boolean("tokenizer.ggml.add_eos_token").value_or(data.kind == TokenizerKind::unigram);
    data.add_separator = file.boolean("tokenizer.ggml.add_sep_token").value_or(words);
    data.add_space_prefix = file.boolean("tokenizer.ggml.add_space_prefix").value_or(pieces);
    data.remove_extra_spaces = file.boolean("tokenizer.ggml.remove_extra_whitespaces").value_or(false);
}

}  // namespace

std::optional<VocabularyData> read_vocabulary(const format::ModelFile& file) {
    const auto name = file.string("tokenizer.ggml.model").value_or("none");
    if (name == "none" || name == "no_vocab") return std::nullopt;
    VocabularyData data;
    data.source = file.path();
    data.kind = kind_of(file, name);
    data.pattern = file.string("tokenizer.ggml.pre").value_or("");
    read_tokens(file, data);
    read_scores(file, data);
    read_kinds(file, data);
    read_merges(file, data);
    read_ids(file, data);
    read_flags(file, data);
    text::validate(data);
    return data;
}

}  // namespace lamina
