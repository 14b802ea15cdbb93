/**
 * @file
 * What a machine offers to compute on. Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_DEVICE_H
#define LAMINA_C_DEVICE_H

#include "lamina/c/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What the user states of a device's speed (the settings of lamina_model_options.devices). 0 where nothing is
 * stated. A plan shows it; no choice depends on it.
 */
typedef struct lamina_device_rates {
    double read_bytes_per_s; /**< bw=: what the device itself reads of its memory */
    /** dram=: what its memory gives in all, to the device and to copies that run at the same time */
    double memory_bytes_per_s;
    double link_bytes_per_s; /**< link=: copies between the host's memory and the device's */
    double operations_per_s; /**< flops=: multiplications and additions, each of them one operation */
} lamina_device_rates;

/** One device, as it was found. */
typedef struct lamina_device_info {
    lamina_string name;         /**< how it is asked for: "cpu", "reference", "cuda:0" */
    lamina_string backend;      /**< "cpu", "reference", "cuda" */
    lamina_string description;  /**< the maker's name for it */
    uint64_t memory_bytes;      /**< bytes in all */
    uint64_t available_bytes;   /**< bytes free to use now */
    int32_t threads;            /**< CPUs that the process may use (CPU devices) */
    const lamina_string* isa;   /**< [isa_count] instruction sets found, weakest first (CPU devices) */
    size_t isa_count;           /**< of isa */
    lamina_string isa_used;     /**< the one that kernels run at: the strongest, or what LAMINA_ISA forces */
    lamina_device_rates stated; /**< in a plan: what lamina_model_options.devices states */
} lamina_device_info;

/** What a device was seen to do at most: what measured speeds are held against. 0 where it is not known. */
typedef struct lamina_device_speed {
    double read_bytes_per_s; /**< of its memory by all threads, the best of five passes over 1 GiB */
    /**
     * Multiplications and additions a second, without touching memory, as kernels of quantized weights make
     * them.
     */
    double int8_operations_per_s;
    double bf16_operations_per_s; /**< the same of pairs of bf16; 0 where there is no instruction for it */
    double f32_operations_per_s;  /**< the same of f32 */
} lamina_device_speed;

/** Devices that the library has listed for the caller. */
typedef struct lamina_device_list {
    const lamina_device_info* const* items; /**< [count] the preferred one first */
    size_t count;                           /**< of items */
} lamina_device_list;

/**
 * All devices that this build can use on this machine. Fails with LAMINA_INVALID_ARGUMENT if the environment
 * variable LAMINA_ISA names an instruction set that is unknown or that the machine lacks.
 */
LAMINA_API lamina_error lamina_devices(lamina_device_list** devices);

/** Frees a list of devices; NULL is allowed. */
LAMINA_API void lamina_device_list_free(lamina_device_list* devices);

#ifdef __cplusplus
}
#endif

#endif
