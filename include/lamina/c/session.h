/**
 * @file
 * The level below requests: feed tokens, get logits. For scoring, measuring and own decoding loops. Part of
 * lamina.h, which says the rules.
 */
#ifndef LAMINA_C_SESSION_H
#define LAMINA_C_SESSION_H

#include "lamina/c/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Names a sequence of a session. */
typedef uint32_t lamina_sequence_id;

/** One of lamina_wanted_logits_values. */
typedef int32_t lamina_wanted_logits;

/** Of which tokens the logits are wanted. */
enum lamina_wanted_logits_values {
    LAMINA_LOGITS_NONE = 0, /**< of none */
    LAMINA_LOGITS_LAST = 1, /**< of the last token only */
    LAMINA_LOGITS_ALL = 2   /**< of every token */
};

/** Tokens to append to one sequence. A sequence occurs at most once in a lamina_session_forward. */
typedef struct lamina_sequence_tokens {
    const lamina_token* tokens;  /**< [token_count] each 0 to the size of the vocabulary - 1 */
    size_t token_count;          /**< of tokens; at least 1 */
    lamina_sequence_id sequence; /**< from lamina_session_open */
    lamina_wanted_logits logits; /**< of which tokens logits are wanted */
} lamina_sequence_tokens;

/**
 * Called for every wanted row, in the order of the items and their tokens: `item` indexes the items, `token`
 * the item's tokens; `logits` [vocabulary] is valid during the call. LAMINA_OK goes on; another code is what
 * lamina_session_forward then fails with, after the step: what it has appended stays. The session that calls
 * it cannot be changed from inside.
 */
typedef lamina_error_code (*lamina_logits_sink)(void* user, size_t item, size_t token, const float* logits,
                                                size_t vocabulary);

/**
 * Sequences in a model's cache. Several sessions and an engine may share a model: they share its sequences
 * and pages, and their steps take turns. A session itself is used from one thread at a time.
 */
typedef struct lamina_session lamina_session;

/** A session without sequences. It keeps the model alive. */
LAMINA_API lamina_error lamina_session_create(const lamina_model* model, lamina_session** session);

/** Closes its sequences and frees it; NULL is allowed. */
LAMINA_API void lamina_session_free(lamina_session* session);

/** An empty sequence. Fails with LAMINA_OUT_OF_MEMORY where all are in use. */
LAMINA_API lamina_error lamina_session_open(lamina_session* session, lamina_sequence_id* sequence);

/** Gives a sequence back. Fails with LAMINA_INVALID_ARGUMENT where it is not open. */
LAMINA_API lamina_error lamina_session_close(lamina_session* session, lamina_sequence_id sequence);

/** Tokens of a sequence that are in the cache. */
LAMINA_API lamina_error lamina_session_length(const lamina_session* session, lamina_sequence_id sequence,
                                              uint32_t* length);

/**
 * Forgets all but the first `length` tokens. Fails with LAMINA_INVALID_ARGUMENT where a sliding window has
 * already let go of tokens that would be needed again; length 0 always works.
 */
LAMINA_API lamina_error lamina_session_truncate(lamina_session* session, lamina_sequence_id sequence,
                                                uint32_t length);

/**
 * Appends the items' tokens to their sequences, all rows together in as few steps as batch_tokens allows.
 * `sink` may be NULL, and is called before the function returns only. Fails with LAMINA_INVALID_ARGUMENT
 * (unknown sequence, token outside the vocabulary), LAMINA_CONTEXT_FULL, LAMINA_DEVICE_FAILED or what the
 * sink returned. Nothing has been appended when it fails for a reason that could be checked beforehand.
 */
LAMINA_API lamina_error lamina_session_forward(lamina_session* session, const lamina_sequence_tokens* items,
                                               size_t count, lamina_logits_sink sink, void* user);

#ifdef __cplusplus
}
#endif

#endif
