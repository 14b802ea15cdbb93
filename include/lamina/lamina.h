/**
 * @file
 * lamina for C, and for what calls C: everything that the C++ API does. This header brings the whole of it.
 *
 * The rules, which hold for every function:
 *
 * - **Errors** are values. Every function that can fail returns a lamina_error; its `code` is LAMINA_OK or
 * says what went wrong. No exception leaves the library, and it never prints or exits. NULL where a pointer
 * is needed is LAMINA_INVALID_ARGUMENT, and running out of memory is LAMINA_OUT_OF_MEMORY, which takes no
 * memory to report.
 * - **Results** come through the last parameters. After an error they are NULL, zero or
 *   false, and token ids -1.
 * - **Ownership**: what comes through a `lamina_X**` belongs to the caller, who gives it back with
 *   `lamina_X_free`. What is reached through it, and what comes through a pointer to const, lives exactly as
 *   long as the object that it was asked of. Freeing NULL is allowed. A handle may be freed while others that
 *   were made from it live on: a tokenizer outlives its model, an answer its engine.
 * - **Arguments** are read before the function returns and may go away afterwards, except for what callbacks
 *   get as `user`: this must live as long as the callback may be called, which each callback says.
 * - **Text** is UTF-8 and goes both ways as a lamina_string, bytes and their number: it may hold NUL. Strings
 *   that the library returns are never NULL and have a NUL behind them. Names that hold no NUL (paths,
 * devices, backends) are given as plain C strings.
 * - **Growth**: the structs that a host fills or has filled begin with `struct_size`, and `lamina_X_init`
 * sets this and every default. A later version that is compatible (version.h) only appends fields. It takes
 * what it does not find in a shorter struct as the default, so that a host runs on with it without being
 * compiled again. An older library takes a longer struct as long as what it does not know is zero, as
 * `lamina_X_init` leaves it, and refuses it otherwise (LAMINA_UNSUPPORTED). Structs that only the library
 * makes are always reached through a pointer, also in lists, and grow at their end. lamina_string,
 * lamina_error, lamina_message, lamina_logit_bias, lamina_token_ids, lamina_token_logprob,
 * lamina_token_logprobs and lamina_sequence_tokens never change.
 * - **Enumerations** are int32_t, so that a value from elsewhere which the library does not know is an error.
 * - **Threads** may share a model, tokenizer, chat template, engine or answer. A session, a detokenizer and a
 *   tensor file being changed belong to one thread at a time.
 * - **Callbacks** that can stop the work return LAMINA_OK to go on, or the code of the error that it is to
 * fail with. They must not throw C++ exceptions.
 */
#ifndef LAMINA_LAMINA_H
#define LAMINA_LAMINA_H

#include "lamina/c/chat.h"
#include "lamina/c/common.h"
#include "lamina/c/device.h"
#include "lamina/c/embedding.h"
#include "lamina/c/engine.h"
#include "lamina/c/error.h"
#include "lamina/c/model.h"
#include "lamina/c/plan.h"
#include "lamina/c/sampling.h"
#include "lamina/c/session.h"
#include "lamina/c/tensor_file.h"
#include "lamina/c/tokenizer.h"

#endif
