/**
 * @file
 * How a model is loaded and where it computes. Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_MODEL_OPTIONS_H
#define LAMINA_C_MODEL_OPTIONS_H

#include "lamina/c/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One of lamina_cache_types. */
typedef int32_t lamina_cache_type;

/** Element type of the KV cache. */
enum lamina_cache_types {
    LAMINA_CACHE_F16 = 0,       /**< IEEE half, 2 bytes */
    LAMINA_CACHE_F32 = 1,       /**< IEEE single, 4 bytes */
    LAMINA_CACHE_BF16 = 2,      /**< bfloat16, 2 bytes */
    LAMINA_CACHE_AUTOMATIC = 3, /**< f32 where the whole cache takes at most 64 MiB then, else f16 */
    /** 8 bits and a scale for 32 values, 1.0625 bytes: half of f16, a little less exact */
    LAMINA_CACHE_Q8_0 = 4
};

/** One of lamina_load_modes. */
typedef int32_t lamina_load_mode;

/** How a model's file is read. */
enum lamina_load_modes {
    /** weights that need no repacking stay in the file, which must not change while the model lives */
    LAMINA_LOAD_MAP = 0,
    LAMINA_LOAD_READ = 1 /**< everything is copied; the file may change or vanish afterwards */
};

/** One of lamina_compute_types. */
typedef int32_t lamina_compute_type;

/** What weights are multiplied with: dense ones (F32, F16, BF16) and quantized ones. */
enum lamina_compute_types {
    /**
     * dense: bf16 activations for bf16 weights where the device has them, else f32; quantized: activations of
     * 16 bits for small models, for those with experts (whose choice rounding would change) and for the
     * values of attention, else of 8 bits, or bf16 where a matrix unit (AMX) multiplies many rows; where most
     * matrices so see rounded activations, attention of prompts is in bf16 if the device has it
     */
    LAMINA_COMPUTE_AUTOMATIC = 0,
    /** dense: f32 activations; quantized: activations of 16 bits; attention in f32 */
    LAMINA_COMPUTE_F32 = 1,
    /** activations of dense weights and attention of prompts in bf16; quantized: as automatic for large ones
     */
    LAMINA_COMPUTE_BF16 = 2
};

/** One of lamina_log_levels. */
typedef int32_t lamina_log_level;

/** How much a message matters. */
enum lamina_log_levels {
    LAMINA_LOG_DEBUG = 0,  /**< for those who look for a fault */
    LAMINA_LOG_INFO = 1,   /**< what was decided */
    LAMINA_LOG_WARNING = 2 /**< something that the host did not ask for */
};

/**
 * Called while loading, on the loading thread, with bytes done and bytes in all. LAMINA_OK goes on; another
 * code, for instance LAMINA_CANCELLED, is what loading then fails with.
 */
typedef lamina_error_code (*lamina_progress_callback)(void* user, uint64_t done, uint64_t total);

/**
 * Called with what the library has to say, from the thread that does the work, as long as the model or
 * anything made from it lives.
 */
typedef void (*lamina_log_callback)(void* user, lamina_log_level level, lamina_string message);

/** What the library gives to lamina_host_threads to run. Does not throw. */
typedef void (*lamina_thread_body)(void* task, int32_t thread);

/**
 * Runs `body(task, 0)` ... `body(task, count - 1)`, each on a thread of its own, and returns when all have
 * returned.
 *
 * All `count` calls must be running at the same time: they wait for each other. The calling thread may be one
 * of them. LAMINA_OK says that they have run; another code, returned instead of running any of them, is what
 * the step fails with. Called as long as the model or anything made from it lives.
 */
typedef lamina_error_code (*lamina_host_threads)(void* user, int32_t count, lamina_thread_body body,
                                                 void* task);

/**
 * Returns `bytes` bytes (at least 1) at a multiple of `alignment` (a power of two, 64 to 2 MiB), or NULL
 * where there are none: the library fails with LAMINA_OUT_OF_MEMORY then. They need not be zeroed. May be
 * called from several threads.
 */
typedef void* (*lamina_allocate_callback)(void* user, uint64_t bytes, uint64_t alignment);

/**
 * Takes back what lamina_allocate_callback returned, with the same numbers. May be called from several
 * threads, as long as the model or anything made from it lives.
 */
typedef void (*lamina_release_callback)(void* user, void* data, uint64_t bytes, uint64_t alignment);

/** How a model is loaded and where it computes. Values out of range are refused with LAMINA_INVALID_ARGUMENT.
 */
typedef struct lamina_model_options {
    size_t struct_size; /**< set by lamina_model_options_init */
    /**
     * Tokens that a sequence can hold; 1..1073741824, never more than the model was trained for, 0 = that
     * many. All sequences together hold at most 2147483648. Default: 4096.
     */
    uint32_t context;
    uint32_t sequences; /**< sequences that can be alive at once; 1..65536; default: 1 */
    /** Rows of one step: longer prompts are cut into chunks of this size; tokens, 1..65536. Default: 512. */
    uint32_t batch_tokens;
    /**
     * Logit rows of one step; 1..batch_tokens, 0 = the larger of sequences and 16, at most batch_tokens.
     * Default: 0.
     */
    uint32_t logit_rows;
    /**
     * [device_count] at most one device, as lamina_device_info.name, with what is to be assumed of it if that
     * is not what was found: "cpu", "cpu,mem=512GiB,bw=145GB/s". mem= is its memory, all of it free; bw=,
     * dram=, link= and flops= are what a plan shows as lamina_device_info.stated. Sizes take B, kB ... TB,
     * KiB ... TiB, rates the same with /s, flops= takes k ... P. Default: NULL, which leaves the choice to
     * the library.
     */
    const char* const* devices;
    size_t device_count; /**< of devices; default: 0 */
    const char* backend; /**< "cpu", "reference"; default: NULL, which leaves the choice to the library */
    int32_t threads;  /**< threads that compute; 1..1024, 0 = all CPUs that the process may use; default: 0 */
    bool pin_threads; /**< bind each compute thread to one CPU; default: true */
    /** Element type of the KV cache (the reference backend keeps f32). Default: LAMINA_CACHE_AUTOMATIC. */
    lamina_cache_type cache;
    lamina_compute_type compute; /**< what weights are multiplied with; default: LAMINA_COMPUTE_AUTOMATIC */
    /**
     * Logits of a token are the same bits whoever shares its batch, however its prompt is cut into steps, and
     * whether it was given with others or alone, as generated ones are, which may lie in the cache. Without
     * this the last does not hold, for attention adds the rows of a prompt in another, faster order; nor do
     * the others for matrices of f32 and bf16, and for quantized ones on machines with AMX, which have a
     * faster way for many rows that rounds otherwise. Default: false.
     */
    bool invariant;
    /**
     * Rearrange quantized matrices at load, so that they are read fast; false: compute on the blocks of the
     * file, which takes no memory beside it and is several times slower. Default: true.
     */
    bool repack;
    bool profile;          /**< take the time of every op, for lamina_model_take_profile; default: false */
    lamina_load_mode load; /**< how the file is read; default: LAMINA_LOAD_MAP */
    lamina_progress_callback progress; /**< hears how far loading is, and can stop it; default: NULL */
    void* progress_user;               /**< what `progress` gets; default: NULL */
    lamina_log_callback log;           /**< takes what the library has to say; default: NULL */
    void* log_user;                    /**< what `log` gets; default: NULL */
    /**
     * The host's threads to compute on. Default: NULL, which is own ones, started by the first computation
     * (packing weights while loading is one) and ended with the model.
     */
    lamina_host_threads host_threads;
    void* host_threads_user; /**< what `host_threads` gets; default: NULL */
    /**
     * Where the weights, caches and workspace of a CPU device come from; goes with `release`. Default: NULL,
     * which is the system's memory.
     */
    lamina_allocate_callback allocate;
    lamina_release_callback release; /**< takes back what `allocate` gave; default: NULL */
    void* allocator_user;            /**< what `allocate` and `release` get; default: NULL */
} lamina_model_options;

/** Sets `struct_size` and every default. Call it with sizeof(lamina_model_options). */
LAMINA_API lamina_error lamina_model_options_init(lamina_model_options* options, size_t struct_size);

#ifdef __cplusplus
}
#endif

#endif
