// The vocabulary of a model file, from the metadata keys tokenizer.ggml.* (GGUF specification, "Tokenizer").
#pragma once

#include <optional>

#include "format/model_file.hpp"
#include "text/vocabulary.hpp"

namespace lamina {

// Nothing where tokenizer.ggml.model is missing, "none" or "no_vocab". Throws bad_file for a key of the wrong
// type, arrays of different lengths or ids outside the vocabulary, unsupported for a kind of tokenizer that
// is not known. An id of -1 (or 2^32 - 1, as converters write it) means that there is no such token.
std::optional<text::VocabularyData> read_vocabulary(const format::ModelFile& file);

}  // namespace lamina
