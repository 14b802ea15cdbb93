/**
 * @file
 * What went wrong, as a value. Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_ERROR_H
#define LAMINA_C_ERROR_H

#include "lamina/c/common.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One of lamina_error_codes. */
typedef int32_t lamina_error_code;

/** What kind of failure it is. */
enum lamina_error_codes {
    LAMINA_OK = 0,               /**< none */
    LAMINA_IO = 1,               /**< the operating system refused: open, read, map, write */
    LAMINA_BAD_FILE = 2,         /**< the file breaks its format's rules */
    LAMINA_UNSUPPORTED = 3,      /**< well formed, but of a kind that this build does not compute */
    LAMINA_INVALID_ARGUMENT = 4, /**< a request, option or call that cannot be meant */
    LAMINA_OUT_OF_MEMORY = 5,    /**< a planned or needed allocation does not fit */
    LAMINA_QUEUE_FULL = 6,       /**< too many requests wait; the same one may be taken later */
    LAMINA_CONTEXT_FULL = 7,     /**< a sequence does not fit into its context */
    LAMINA_TEMPLATE_FAILED = 8,  /**< a chat template failed or ran over its budget */
    LAMINA_NUMERICAL_FAULT = 9,  /**< logits are not finite */
    LAMINA_CANCELLED = 10,       /**< the work was cancelled */
    LAMINA_DEVICE_FAILED = 11,   /**< a device stopped working; its engine is dead */
    LAMINA_UNEXPECTED = 1000     /**< none of these: something below the library failed; `text` says what */
};

/**
 * The name of a code: "ok", "io", "bad_file", ...; "unknown" for other numbers. Stable, for logs and scripts;
 * the caller does not free it.
 */
LAMINA_API const char* lamina_error_code_name(lamina_error_code code);

/**
 * What went wrong and where. Strings that do not apply are empty. It may be copied as a struct like any
 * other; one of the copies is given to lamina_error_free.
 */
typedef struct lamina_error {
    lamina_error_code code; /**< LAMINA_OK where nothing went wrong: the rest is empty then */
    bool has_offset;        /**< is `offset` known? */
    uint64_t offset;        /**< byte offset in the file */
    lamina_string area;     /**< who noticed: "gguf", "tokenizer", "linear", ..., or the C function */
    lamina_string file;     /**< path of the file, if one is at fault */
    lamina_string subject;  /**< the tensor, metadata key, option, field or parameter */
    lamina_string expected; /**< what would have been right */
    lamina_string found;    /**< what was there instead */
    /**
     * All of this in one line without control characters:
     * "[gguf] model.gguf: 'llama.block_count' at byte 312: expected 1..4096, found 0".
     */
    lamina_string text;
    void* storage[2]; /**< the library's own */
} lamina_error;

/**
 * Frees what the error holds and makes it LAMINA_OK. Does nothing to NULL or to one that is LAMINA_OK:
 * freeing is needed after failures only.
 */
LAMINA_API void lamina_error_free(lamina_error* error);

#ifdef __cplusplus
}
#endif

#endif
