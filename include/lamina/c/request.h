/**
 * @file
 * What to continue and how. Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_REQUEST_H
#define LAMINA_C_REQUEST_H

#include "lamina/c/chat.h"
#include "lamina/c/sampling.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One of lamina_when_full_values. */
typedef int32_t lamina_when_full;

/** What happens to an answer that has filled its context. */
enum lamina_when_full_values {
    LAMINA_WHEN_FULL_STOP = 0, /**< it ends with LAMINA_FINISH_CONTEXT_FULL */
    /** the older half of what follows the first lamina_request.keep tokens is forgotten, and it goes on */
    LAMINA_WHEN_FULL_SHIFT = 1
};

/** A token that was likely at some step. */
typedef struct lamina_token_logprob {
    lamina_token token; /**< its id */
    float logprob;      /**< natural logarithm of its probability before sampling changes the distribution */
} lamina_token_logprob;

/** The tokens that were likely at one step. */
typedef struct lamina_token_logprobs {
    const lamina_token_logprob* items; /**< [count] the chosen one first, then the likeliest */
    size_t count;                      /**< of items */
} lamina_token_logprobs;

/**
 * A piece of an answer: one token's text, or several tokens' where characters or stop strings were held back.
 */
typedef struct lamina_piece {
    lamina_string text;         /**< complete UTF-8 characters */
    const lamina_token* tokens; /**< [token_count] those whose text ends in this piece */
    size_t token_count;         /**< of tokens */
    /** [logprob_count] one list a token, with the lamina_request.logprobs likeliest. */
    const lamina_token_logprobs* logprobs;
    size_t logprob_count; /**< of logprobs; 0 where none were asked for, else token_count */
} lamina_piece;

/** Frees a piece that lamina_answer_next has made; NULL is allowed. */
LAMINA_API void lamina_piece_free(lamina_piece* piece);

/**
 * Sees (and may change) the logits [vocabulary] of each step before sampling, with the tokens so far, prompt
 * included; runs on the thread that steps. LAMINA_OK goes on; another code is what the answer then fails
 * with.
 */
typedef lamina_error_code (*lamina_logits_callback)(void* user, float* logits, size_t vocabulary,
                                                    const lamina_token* history, size_t history_count);

/**
 * Called with each piece on the thread that steps, besides lamina_answer_next; the piece is valid during the
 * call. LAMINA_OK goes on; LAMINA_CANCELLED ends the answer as cancelled; another code is what it then fails
 * with. What is returned for the last piece of an answer that has ended by itself does not matter, unless it
 * is a failure.
 */
typedef lamina_error_code (*lamina_piece_callback)(void* user, const lamina_piece* piece);

/** What to continue and how. Exactly one of `prompt`, `messages` and `tokens` is given. */
typedef struct lamina_request {
    size_t struct_size; /**< set by lamina_request_init */
    /**
     * Text to continue, UTF-8; control tokens in it are read, BOS is added where the vocabulary asks for it.
     * Default: empty.
     */
    lamina_string prompt;
    /**
     * [message_count] a conversation to answer, by the model's chat template (ChatML where it has none).
     * Default: NULL.
     */
    const lamina_message* messages;
    size_t message_count;       /**< of messages; default: 0 */
    const lamina_token* tokens; /**< [token_count] ids to continue, taken as they are; default: NULL */
    size_t token_count;         /**< of tokens; default: 0 */
    /**
     * Tokens of the answer; 0 = until the model ends or the context is full. LAMINA_WHEN_FULL_SHIFT needs a
     * number. Default: 0.
     */
    uint32_t max_tokens;
    uint32_t logprobs; /**< how many of the likeliest tokens to report at each step; 0..256; default: 0 */
    const lamina_sampling_params*
        sampling; /**< how tokens are chosen; default: NULL, which is its defaults */
    /** [stop_count] the answer ends before the first of these, which is not part of the text. Default: NULL.
     */
    const lamina_string* stop;
    size_t stop_count;          /**< of stop; default: 0 */
    bool report_chosen_logprob; /**< report the chosen token's log-probability alone; default: false */
    bool ignore_end;            /**< go on after end tokens (for measuring); default: false */
    lamina_when_full when_full; /**< what happens when the context is full; default: LAMINA_WHEN_FULL_STOP */
    uint32_t keep; /**< tokens at the start that a shift never forgets; 0..context-2; default: 0 */
    const lamina_chat_template*
        chat_template;                /**< renders `messages`; default: NULL, which is the model's own */
    lamina_logits_callback on_logits; /**< sees the logits of each step; default: NULL */
    void* on_logits_user;           /**< what `on_logits` gets, until the answer is finished; default: NULL */
    lamina_piece_callback on_piece; /**< called with each piece; default: NULL */
    void* on_piece_user;            /**< what `on_piece` gets, until the answer is finished; default: NULL */
} lamina_request;

/** Sets `struct_size` and every default. Call it with sizeof(lamina_request). */
LAMINA_API lamina_error lamina_request_init(lamina_request* request, size_t struct_size);

#ifdef __cplusplus
}
#endif

#endif
