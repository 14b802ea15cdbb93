/**
 * @file
 * How the next token is chosen from the logits. Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_SAMPLING_H
#define LAMINA_C_SAMPLING_H

#include "lamina/c/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is added to a token's logit. */
typedef struct lamina_logit_bias {
    lamina_token token; /**< 0 to the size of the vocabulary - 1 */
    float bias;         /**< a finite number, or -infinity to forbid the token */
} lamina_logit_bias;

/**
 * Applied in the order of the fields. The defaults write varied but sober text. Values out of range are
 * refused with LAMINA_INVALID_ARGUMENT.
 */
typedef struct lamina_sampling_params {
    size_t struct_size; /**< set by lamina_sampling_params_init */
    /**
     * [logit_bias_count] added to single logits before anything else; biases of the same token add up.
     * Default: NULL.
     */
    const lamina_logit_bias* logit_bias;
    size_t logit_bias_count; /**< of logit_bias; default: 0 */
    /**
     * How many of the last tokens, prompt included, the three penalties below count; 0 = none, 0xFFFFFFFF =
     * all. Default: 64.
     */
    uint32_t penalty_window;
    /**
     * Positive logits are divided, negative ones multiplied by it; > 0, 1 = off (CTRL, arXiv:1909.05858).
     * Default: 1.
     */
    float repetition_penalty;
    float presence_penalty;  /**< subtracted once from logits; finite, -2..2 usual, 0 = off; default: 0 */
    float frequency_penalty; /**< subtracted for each occurrence; finite, -2..2 usual, 0 = off; default: 0 */
    uint32_t top_k;          /**< keep the k likeliest tokens; 0 = all; default: 40 */
    /**
     * Keep the likeliest until their probabilities sum to p; 0 < p <= 1, 1 = off (arXiv:1904.09751). Default:
     * 0.95.
     */
    float top_p;
    /**
     * Keep those at least this many times as likely as the likeliest; 0 <= p < 1, 0 = off (arXiv:2407.01082).
     * Default: 0.05.
     */
    float min_p;
    /** Logits of what is left are divided by it and drawn from; >= 0, 0 = always the likeliest. Default: 0.8.
     */
    float temperature;
    bool has_seed; /**< is `seed` to be used? false = a fresh one a request; default: false */
    uint64_t seed; /**< equal seeds and logits give equal tokens; any 64 bits; default: 0 */
} lamina_sampling_params;

/** Sets `struct_size` and every default. Call it with sizeof(lamina_sampling_params). */
LAMINA_API lamina_error lamina_sampling_params_init(lamina_sampling_params* params, size_t struct_size);

/** The same, but with temperature 0: the likeliest token each time, for exact repetition. */
LAMINA_API lamina_error lamina_sampling_params_init_greedy(lamina_sampling_params* params,
                                                           size_t struct_size);

#ifdef __cplusplus
}
#endif

#endif
