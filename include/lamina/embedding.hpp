/// @file
/// Texts as vectors: what a decoder makes of them, pooled. For similarity search, clustering and the like.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lamina/export.h"
#include "lamina/model.hpp"

namespace lamina {

/// Which of a text's vectors stand for it.
enum class Pooling {
    mean,  ///< the mean of all tokens'
    last,  ///< the last token's, which has seen all others
};

/// How texts become vectors.
struct EmbedOptions {
    Pooling pooling = Pooling::mean;  ///< which of a text's vectors stand for it
    bool normalise = true;            ///< divide by the length, so that dot products are cosines
};

/// The vector [ModelInfo::embedding] of each text, in order: what the network makes of its tokens after the
/// last norm, pooled. All texts go through together, in as few steps as batch_tokens and the sequences that
/// are free allow; other users of the model take turns with them. Throws invalid_argument (an empty text, a
/// token outside the vocabulary), context_full (a text that is longer than the context), out_of_memory (no
/// sequence is free), device_failed.
LAMINA_API std::vector<std::vector<float>> embed(const Model& model,
                                                 std::span<const std::vector<TokenId>> texts,
                                                 const EmbedOptions& options = {});
/// The same for UTF-8 text, encoded with what the vocabulary adds (BOS, EOS) but without reading control
/// tokens. Throws unsupported where the model has no vocabulary.
LAMINA_API std::vector<std::vector<float>> embed(const Model& model, std::span<const std::string> texts,
                                                 const EmbedOptions& options = {});

}  // namespace lamina
