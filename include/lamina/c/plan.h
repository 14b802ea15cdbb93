/**
 * @file
 * What will lie where, to the byte, before anything is allocated. Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_PLAN_H
#define LAMINA_C_PLAN_H

#include "lamina/c/device.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One block of memory. */
typedef struct lamina_plan_buffer {
    lamina_string device;  /**< lamina_device_info.name */
    lamina_string name;    /**< "weights, packed", "kv cache, all tokens", "workspace", ... */
    uint64_t bytes;        /**< exactly what is allocated; 0 for weights read in place */
    uint64_t mapped_bytes; /**< bytes read in place from the file */
    lamina_string detail;  /**< "210 tensors", "18 layers x 128 pages x 32 tokens, f16", ... */
} lamina_plan_buffer;

/** A run of layers on one device. */
typedef struct lamina_plan_layers {
    uint32_t first;        /**< the first block of the run */
    uint32_t last;         /**< the last block, inclusive */
    lamina_string device;  /**< where they live and compute */
    uint64_t weight_bytes; /**< bytes of their weights */
} lamina_plan_layers;

/** Where a model lies and computes. */
typedef struct lamina_plan {
    const lamina_device_info* const* devices; /**< [device_count] the devices used */
    size_t device_count;                      /**< of devices */
    const lamina_plan_buffer* const* buffers; /**< [buffer_count] every block of memory */
    size_t buffer_count;                      /**< of buffers */
    const lamina_plan_layers* const* layers;  /**< [layers_count] the runs of layers, in order */
    size_t layers_count;                      /**< of layers */
    uint32_t context;                         /**< tokens that a sequence can hold */
    uint32_t sequences;                       /**< sequences that can be alive at once */
    uint32_t batch_tokens;                    /**< rows of one step */
    lamina_string reason;                     /**< one sentence on why it is so */
    uint64_t total_bytes;                     /**< bytes allocated, over all buffers */
    uint64_t mapped_bytes;                    /**< bytes read in place, over all buffers */
    lamina_string ops; /**< for people: what devices are asked to do in a step, an op a line */
} lamina_plan;

/** Frees a plan that lamina_make_plan has made; NULL is allowed. */
LAMINA_API void lamina_plan_free(lamina_plan* plan);

/** The plan for people: a table of several lines. */
LAMINA_API lamina_error lamina_plan_table(const lamina_plan* plan, lamina_text** text);

/** The plan for scripts: one JSON object. */
LAMINA_API lamina_error lamina_plan_json(const lamina_plan* plan, lamina_text** text);

#ifdef __cplusplus
}
#endif

#endif
