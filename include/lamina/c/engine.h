/**
 * @file
 * Requests: a prompt goes in, text streams out. Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_ENGINE_H
#define LAMINA_C_ENGINE_H

#include "lamina/c/model.h"
#include "lamina/c/request.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One of lamina_finish_reasons. */
typedef int32_t lamina_finish_reason;

/** Why an answer ended. */
enum lamina_finish_reasons {
    LAMINA_FINISH_RUNNING = 0,      /**< not finished yet */
    LAMINA_FINISH_END_TOKEN = 1,    /**< the model ended its answer */
    LAMINA_FINISH_STOP_STRING = 2,  /**< one of lamina_request.stop was written */
    LAMINA_FINISH_MAX_TOKENS = 3,   /**< lamina_request.max_tokens reached */
    LAMINA_FINISH_CONTEXT_FULL = 4, /**< the context is full and lamina_request.when_full is stop */
    LAMINA_FINISH_CANCELLED = 5,    /**< by lamina_answer_cancel, a callback or the engine's end */
    LAMINA_FINISH_FAILED = 6        /**< see lamina_answer_error */
};

/**
 * The name of a reason: "end_token", "failed", ...; "unknown" for other numbers. Stable, for logs and
 * scripts; the caller does not free it.
 */
LAMINA_API const char* lamina_finish_reason_name(lamina_finish_reason reason);

/** What an answer took. */
typedef struct lamina_statistics {
    size_t struct_size;        /**< set by lamina_answer_statistics */
    uint32_t prompt_tokens;    /**< tokens of the prompt */
    uint32_t cached_tokens;    /**< tokens of the prompt that were found in the cache */
    uint32_t generated_tokens; /**< tokens of the answer */
    double queue_seconds;      /**< submit to first step */
    double prefill_seconds;    /**< first step to first token */
    double decode_seconds;     /**< first token to last */
    double tokens_per_second;  /**< of decoding; 0 for fewer than two tokens */
} lamina_statistics;

/**
 * The answer to a request. Waiting on it does the work: the thread that asks for a piece, waits or asks for
 * the text runs the engine's steps. Many threads may use one.
 */
typedef struct lamina_answer lamina_answer;

/** Another handle to the same answer. */
LAMINA_API lamina_error lamina_answer_copy(const lamina_answer* answer, lamina_answer** copy);

/** Frees the handle, which cancels nothing; NULL is allowed. */
LAMINA_API void lamina_answer_free(lamina_answer* answer);

/**
 * Waits for the next piece that no handle has got yet; NULL at the end. Fails with what the request failed
 * with, after its last piece.
 */
LAMINA_API lamina_error lamina_answer_next(lamina_answer* answer, lamina_piece** piece);

/** Waits until it is finished; does not fail for the request's own failure. */
LAMINA_API lamina_error lamina_answer_wait(lamina_answer* answer);

/** Waits for the whole text. Fails with what the request failed with. */
LAMINA_API lamina_error lamina_answer_text(lamina_answer* answer, lamina_text** text);

/** Ends it within one step; harmless when it is finished. */
LAMINA_API lamina_error lamina_answer_cancel(lamina_answer* answer);

/** Whether it has ended, for whatever reason. No callback of the request is called afterwards. */
LAMINA_API lamina_error lamina_answer_finished(const lamina_answer* answer, bool* finished);

/** Why it has ended; LAMINA_FINISH_RUNNING until then. */
LAMINA_API lamina_error lamina_answer_finish_reason(const lamina_answer* answer,
                                                    lamina_finish_reason* reason);

/**
 * What the request failed with: `*failure` is the caller's to free, and LAMINA_OK unless the reason is
 * LAMINA_FINISH_FAILED. What is returned is about this call.
 */
LAMINA_API lamina_error lamina_answer_error(const lamina_answer* answer, lamina_error* failure);

/** Tokens generated so far. */
LAMINA_API lamina_error lamina_answer_tokens(const lamina_answer* answer, lamina_tokens** tokens);

/** What it took so far. Call it with sizeof(lamina_statistics). */
LAMINA_API lamina_error lamina_answer_statistics(const lamina_answer* answer, lamina_statistics* statistics,
                                                 size_t struct_size);

/** How an engine takes requests. */
typedef struct lamina_engine_options {
    size_t struct_size; /**< set by lamina_engine_options_init */
    uint32_t queue;     /**< requests that may wait; at least 1; submit refuses more; default: 1024 */
    uint32_t reserved;  /**< 0 */
} lamina_engine_options;

/** Sets `struct_size` and every default. Call it with sizeof(lamina_engine_options). */
LAMINA_API lamina_error lamina_engine_options_init(lamina_engine_options* options, size_t struct_size);

/**
 * Takes requests from any thread and answers them one after the other, in order. It has no thread of its own:
 * steps run in lamina_answer_next, lamina_answer_wait, lamina_answer_text or lamina_engine_step.
 */
typedef struct lamina_engine lamina_engine;

/**
 * An engine over a model, which may have others. It keeps the model alive. `options` may be NULL: the
 * defaults. Fails with LAMINA_INVALID_ARGUMENT for options out of range.
 */
LAMINA_API lamina_error lamina_engine_create(const lamina_model* model, const lamina_engine_options* options,
                                             lamina_engine** engine);

/** Cancels what is unfinished and frees the engine; its answers live on. NULL is allowed. */
LAMINA_API void lamina_engine_free(lamina_engine* engine);

/**
 * Checks the request, encodes its prompt and queues it. Fails with LAMINA_INVALID_ARGUMENT (which field and
 * why), LAMINA_CONTEXT_FULL (a prompt that cannot fit, with the numbers), LAMINA_QUEUE_FULL,
 * LAMINA_TEMPLATE_FAILED or LAMINA_UNSUPPORTED (text for a model without a vocabulary).
 */
LAMINA_API lamina_error lamina_engine_submit(lamina_engine* engine, const lamina_request* request,
                                             lamina_answer** answer);

/** Runs one step of the current request; `*computed` is false when there was nothing to do. */
LAMINA_API lamina_error lamina_engine_step(lamina_engine* engine, bool* computed);

#ifdef __cplusplus
}
#endif

#endif
