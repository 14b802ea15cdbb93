/**
 * @file
 * Text to token ids and back. Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_TOKENIZER_H
#define LAMINA_C_TOKENIZER_H

#include "lamina/c/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An immutable tokenizer. Many threads may use one. */
typedef struct lamina_tokenizer lamina_tokenizer;

/**
 * The tokenizer of a model file, without loading weights. Fails with LAMINA_UNSUPPORTED where the file has no
 * vocabulary, LAMINA_IO or LAMINA_BAD_FILE.
 */
LAMINA_API lamina_error lamina_tokenizer_load(const char* path, lamina_tokenizer** tokenizer);

/** Another handle to the same tokenizer. */
LAMINA_API lamina_error lamina_tokenizer_copy(const lamina_tokenizer* tokenizer, lamina_tokenizer** copy);

/** Frees the handle; NULL is allowed. */
LAMINA_API void lamina_tokenizer_free(lamina_tokenizer* tokenizer);

/**
 * Token ids of UTF-8 text. `special`: add what the vocabulary asks for (BOS, EOS) and read control tokens in
 * the text. Bytes that are no UTF-8 are encoded as single bytes where the vocabulary has tokens for them,
 * else as U+FFFD, else as the unknown token, else left out.
 */
LAMINA_API lamina_error lamina_tokenizer_encode(const lamina_tokenizer* tokenizer, lamina_string text,
                                                bool special, lamina_tokens** tokens);

/**
 * The text that `count` ids stand for, always UTF-8: bytes that form no character become U+FFFD, one for each
 * longest beginning of a character. Control tokens are left out unless `special`. Fails with
 * LAMINA_INVALID_ARGUMENT for ids outside the vocabulary.
 */
LAMINA_API lamina_error lamina_tokenizer_decode(const lamina_tokenizer* tokenizer, const lamina_token* ids,
                                                size_t count, bool special, lamina_text** text);

/**
 * The bytes of one token, which may be part of a character; control tokens by name. Fails with
 * LAMINA_INVALID_ARGUMENT for an id outside the vocabulary.
 */
LAMINA_API lamina_error lamina_tokenizer_piece(const lamina_tokenizer* tokenizer, lamina_token id,
                                               lamina_text** text);

/** The id of a token by its exact stored text; -1 where there is none. */
LAMINA_API lamina_error lamina_tokenizer_find(const lamina_tokenizer* tokenizer, lamina_string text,
                                              lamina_token* id);

/** How many tokens the vocabulary has. */
LAMINA_API lamina_error lamina_tokenizer_size(const lamina_tokenizer* tokenizer, uint32_t* size);

/** The token that begins a text; -1 where there is none. */
LAMINA_API lamina_error lamina_tokenizer_bos(const lamina_tokenizer* tokenizer, lamina_token* id);

/** The token that ends a text; -1 where there is none. */
LAMINA_API lamina_error lamina_tokenizer_eos(const lamina_tokenizer* tokenizer, lamina_token* id);

/** Does this token end an answer: EOS, end of turn and their kin? */
LAMINA_API lamina_error lamina_tokenizer_ends_generation(const lamina_tokenizer* tokenizer, lamina_token id,
                                                         bool* ends);

/** Is it a control token, which stands for no text? */
LAMINA_API lamina_error lamina_tokenizer_is_control(const lamina_tokenizer* tokenizer, lamina_token id,
                                                    bool* control);

/**
 * Turns a stream of ids into text, holding back bytes until a character is complete. One per stream, used
 * from one thread at a time.
 */
typedef struct lamina_detokenizer lamina_detokenizer;

/** A detokenizer at the beginning of a text. Control tokens are left out unless `special`. */
LAMINA_API lamina_error lamina_detokenizer_create(const lamina_tokenizer* tokenizer, bool special,
                                                  lamina_detokenizer** detokenizer);

/** Frees the detokenizer; NULL is allowed. */
LAMINA_API void lamina_detokenizer_free(lamina_detokenizer* detokenizer);

/**
 * What is complete now, possibly nothing: never part of a character. All of it and the flush together are
 * what lamina_tokenizer_decode gives for the same ids. Fails with LAMINA_INVALID_ARGUMENT for an id outside
 * the vocabulary.
 */
LAMINA_API lamina_error lamina_detokenizer_push(lamina_detokenizer* detokenizer, lamina_token id,
                                                lamina_text** text);

/** What is left: an incomplete character becomes U+FFFD. The next push begins a new text. */
LAMINA_API lamina_error lamina_detokenizer_flush(lamina_detokenizer* detokenizer, lamina_text** text);

#ifdef __cplusplus
}
#endif

#endif
