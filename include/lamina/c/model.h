/**
 * @file
 * Models: what is in a file, and a loaded one. Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_MODEL_H
#define LAMINA_C_MODEL_H

#include "lamina/c/chat.h"
#include "lamina/c/model_options.h"
#include "lamina/c/plan.h"
#include "lamina/c/tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How many tensors of a type a file has. */
typedef struct lamina_type_count {
    lamina_string type; /**< "q4_K" */
    uint64_t tensors;   /**< how many tensors */
    uint64_t bytes;     /**< bytes of all of them */
} lamina_type_count;

/** What a file says about its model; read from its header alone. */
typedef struct lamina_model_info {
    lamina_string path;                    /**< as it was given */
    lamina_string format;                  /**< "GGUF v3" */
    lamina_string architecture;            /**< "llama", one of lamina_architectures */
    lamina_string name;                    /**< as the file has it; empty where it has none */
    lamina_string licence;                 /**< as the file has it; empty where it has none */
    uint64_t parameters;                   /**< number of weights */
    uint64_t file_bytes;                   /**< bytes of all parts */
    uint64_t weight_bytes_per_token;       /**< bytes that decoding one token reads, as stored */
    uint64_t weights_per_token;            /**< number of weights that decoding one token reads */
    uint32_t layers;                       /**< transformer blocks */
    uint32_t embedding;                    /**< width of the residual stream */
    uint32_t heads;                        /**< heads of the queries */
    uint32_t kv_heads;                     /**< heads of keys and values */
    uint32_t head_dim;                     /**< width of a key */
    uint32_t feed_forward;                 /**< width of the feed-forward network */
    uint32_t vocabulary;                   /**< number of logits */
    uint32_t trained_context;              /**< tokens */
    const lamina_type_count* const* types; /**< [type_count] of the weights */
    size_t type_count;                     /**< of types */
    const lamina_string* features; /**< [feature_count] "sliding window 512 on 15 of 18 layers", ... */
    size_t feature_count;          /**< of features */
    lamina_string tokenizer;       /**< "gpt2 (smollm)"; empty where there is none */
    bool has_chat_template;        /**< whether the file has one */
} lamina_model_info;

/** The implementation that an op uses and why earlier candidates declined. */
typedef struct lamina_op_implementation {
    lamina_string op;             /**< "linear q4_1 [576, 576]" */
    lamina_string implementation; /**< its name in the backend: "packed4 avx512_vnni" */
    lamina_string refused;        /**< the better ones and their reasons; empty where there was none */
} lamina_op_implementation;

/** Implementations that the library has listed for the caller. */
typedef struct lamina_implementation_list {
    const lamina_op_implementation* const* items; /**< [count] */
    size_t count;                                 /**< of items */
} lamina_implementation_list;

/** Frees a list of implementations; NULL is allowed. */
LAMINA_API void lamina_implementation_list_free(lamina_implementation_list* implementations);

/** Time that the ops of one kind took, over all layers. */
typedef struct lamina_op_time {
    lamina_string op;      /**< "linear attn_q + attn_k + attn_v", "attention: combine" */
    uint64_t runs;         /**< how often they ran */
    double seconds;        /**< in all, with the waiting for other threads */
    uint64_t weight_bytes; /**< bytes of matrices that the runs read whole; 0 for chosen experts */
} lamina_op_time;

/** Times that the library has listed for the caller. */
typedef struct lamina_op_time_list {
    const lamina_op_time* const* items; /**< [count] */
    size_t count;                       /**< of items */
} lamina_op_time_list;

/** Frees a list of times; NULL is allowed. */
LAMINA_API void lamina_op_time_list_free(lamina_op_time_list* times);

/** A loaded model. Many threads may use one; it lives as long as a handle, engine or session of it. */
typedef struct lamina_model lamina_model;

/**
 * Loads a model file (GGUF; any part of a split one) and plans where it computes. `options` may be NULL: the
 * defaults. Fails with LAMINA_IO, LAMINA_BAD_FILE, LAMINA_UNSUPPORTED, LAMINA_INVALID_ARGUMENT (options),
 * LAMINA_OUT_OF_MEMORY or what the progress callback returned.
 */
LAMINA_API lamina_error lamina_model_load(const char* path, const lamina_model_options* options,
                                          lamina_model** model);

/** Another handle to the same model. */
LAMINA_API lamina_error lamina_model_copy(const lamina_model* model, lamina_model** copy);

/** Frees the handle; NULL is allowed. */
LAMINA_API void lamina_model_free(lamina_model* model);

/** What the file says; it lives as long as a handle to the model. */
LAMINA_API lamina_error lamina_model_get_info(const lamina_model* model, const lamina_model_info** info);

/** What was allocated, and where; it lives as long as a handle to the model. */
LAMINA_API lamina_error lamina_model_get_plan(const lamina_model* model, const lamina_plan** plan);

/**
 * The options with every default settled: context, threads, logit_rows, backend. They live as long as a
 * handle to the model.
 */
LAMINA_API lamina_error lamina_model_get_options(const lamina_model* model,
                                                 const lamina_model_options** options);

/** Whether the file has a vocabulary. */
LAMINA_API lamina_error lamina_model_has_tokenizer(const lamina_model* model, bool* has_tokenizer);

/** The file's tokenizer. Fails with LAMINA_UNSUPPORTED where the file has no vocabulary. */
LAMINA_API lamina_error lamina_model_tokenizer(const lamina_model* model, lamina_tokenizer** tokenizer);

/** The file's chat template; NULL where it has none or a broken one. */
LAMINA_API lamina_error lamina_model_chat_template(const lamina_model* model,
                                                   lamina_chat_template** chat_template);

/** What computes each op. */
LAMINA_API lamina_error lamina_model_implementations(const lamina_model* model,
                                                     lamina_implementation_list** implementations);

/**
 * With the option `profile`: the time of every op since the last call, in the order of a step. Else, and from
 * backends that take no times, an empty list.
 */
LAMINA_API lamina_error lamina_model_take_profile(const lamina_model* model, lamina_op_time_list** times);

/**
 * Measures what the device can do at most, with the model's threads; takes a second or less. Fails with
 * LAMINA_OUT_OF_MEMORY.
 */
LAMINA_API lamina_error lamina_model_measure_device(const lamina_model* model, lamina_device_speed* speed);

/** What a file says about its model, without loading weights. Fails as lamina_model_load does. */
LAMINA_API lamina_error lamina_inspect(const char* path, lamina_model_info** info);

/** Frees what lamina_inspect has made; NULL is allowed. */
LAMINA_API void lamina_model_info_free(lamina_model_info* info);

/**
 * What lamina_model_load would allocate, without loading weights. `options` may be NULL: the defaults; its
 * callbacks are not called. Fails as lamina_model_load does.
 */
LAMINA_API lamina_error lamina_make_plan(const char* path, const lamina_model_options* options,
                                         lamina_plan** plan);

/** Names of the architectures that models may have. */
LAMINA_API lamina_error lamina_architectures(lamina_strings** architectures);

#ifdef __cplusplus
}
#endif

#endif
