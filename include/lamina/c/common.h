/**
 * @file
 * Strings, lists and the version. Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_COMMON_H
#define LAMINA_C_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lamina/export.h"
#include "lamina/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes that somebody else owns, mostly UTF-8; they may hold NUL. */
typedef struct lamina_string {
    const char* data; /**< NULL only where `size` is 0; from the library never NULL, and data[size] is NUL */
    size_t size;      /**< bytes */
} lamina_string;

/** The string that a NUL ends; the empty one for NULL. */
static inline lamina_string lamina_string_of(const char* text) {
    lamina_string string;
    string.data = text;
    string.size = text != NULL ? strlen(text) : 0;
    return string;
}

/** The id of a token: 0 to the size of the vocabulary - 1; -1 where there is none. */
typedef int32_t lamina_token;

/** Text that the library has made for the caller; data[size] is NUL. */
typedef struct lamina_text {
    const char* data; /**< never NULL */
    size_t size;      /**< bytes */
} lamina_text;

/** Frees a text; NULL is allowed. */
LAMINA_API void lamina_text_free(lamina_text* text);

/** Token ids that the library has made for the caller. */
typedef struct lamina_tokens {
    const lamina_token* ids; /**< [count] */
    size_t count;            /**< of ids */
} lamina_tokens;

/** Frees token ids; NULL is allowed. */
LAMINA_API void lamina_tokens_free(lamina_tokens* tokens);

/** Strings that the library has made for the caller. */
typedef struct lamina_strings {
    const lamina_string* items; /**< [count] */
    size_t count;               /**< of items */
} lamina_strings;

/** Frees strings; NULL is allowed. */
LAMINA_API void lamina_strings_free(lamina_strings* strings);

/** The version of the library that runs, as LAMINA_VERSION_STRING; the caller does not free it. */
LAMINA_API const char* lamina_version(void);

#ifdef __cplusplus
}
#endif

#endif
