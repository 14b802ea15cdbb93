/**
 * @file
 * Texts as vectors: what a decoder makes of them, pooled. For similarity search, clustering and the like.
 * Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_EMBEDDING_H
#define LAMINA_C_EMBEDDING_H

#include "lamina/c/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One of lamina_poolings. */
typedef int32_t lamina_pooling;

/** Which of a text's vectors stand for it. */
enum lamina_poolings {
    LAMINA_POOLING_MEAN = 0, /**< the mean of all tokens' */
    LAMINA_POOLING_LAST = 1  /**< the last token's, which has seen all others */
};

/** How texts become vectors. */
typedef struct lamina_embed_options {
    size_t struct_size;     /**< set by lamina_embed_options_init */
    lamina_pooling pooling; /**< which of a text's vectors stand for it; default: LAMINA_POOLING_MEAN */
    bool normalise;         /**< divide by the length, so that dot products are cosines; default: true */
    uint8_t reserved[3];    /**< 0 */
} lamina_embed_options;

/** Sets `struct_size` and every default. Call it with sizeof(lamina_embed_options). */
LAMINA_API lamina_error lamina_embed_options_init(lamina_embed_options* options, size_t struct_size);

/** The tokens of one text. */
typedef struct lamina_token_ids {
    const lamina_token* ids; /**< [count] each 0 to the size of the vocabulary - 1 */
    size_t count;            /**< of ids; at least 1 */
} lamina_token_ids;

/**
 * Writes the vector of each text to `values` [count, lamina_model_info.embedding], row-major, in the order of
 * `texts`: what the network makes of a text's tokens after the last norm, pooled. `value_count` must be the
 * product of both; nothing is written after an error. `options` may be NULL: the defaults.
 *
 * All texts go through together, in as few steps as batch_tokens and the sequences that are free allow; other
 * users of the model take turns with them. Fails with LAMINA_INVALID_ARGUMENT (an empty text, a token outside
 * the vocabulary), LAMINA_CONTEXT_FULL (a text that is longer than the context), LAMINA_OUT_OF_MEMORY (no
 * sequence is free) or LAMINA_DEVICE_FAILED.
 */
LAMINA_API lamina_error lamina_model_embed_tokens(const lamina_model* model, const lamina_token_ids* texts,
                                                  size_t count, const lamina_embed_options* options,
                                                  float* values, size_t value_count);

/**
 * The same for UTF-8 text, encoded with what the vocabulary adds (BOS, EOS). Fails with LAMINA_UNSUPPORTED
 * where the model has no vocabulary.
 */
LAMINA_API lamina_error lamina_model_embed_texts(const lamina_model* model, const lamina_string* texts,
                                                 size_t count, const lamina_embed_options* options,
                                                 float* values, size_t value_count);

#ifdef __cplusplus
}
#endif

#endif
