// The Segmenter of each TokenizerKind.
#pragma once

#include <memory>

#include "text/token_index.hpp"
#include "text/tokenizer.hpp"

namespace lamina::text {

// `data` (validated) and `index` (its ordinary tokens) must outlive the segmenter. Throws bad_file.
std::unique_ptr<Segmenter> make_byte_bpe(const VocabularyData& data, const TokenIndex& index);
std::unique_ptr<Segmenter> make_sentencepiece(const VocabularyData& data, const TokenIndex& index);

// The value of a byte token's text, "<0x00>" to "<0xFF>"; -1 for any other text.
int byte_token_value(std::string_view text);

}  // namespace lamina::text
