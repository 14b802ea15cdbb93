/**
 * @file
 * Named dense tensors in a file of the safetensors format: tokens, logits, embeddings, whatever goes to and
 * from other programs. Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_TENSOR_FILE_H
#define LAMINA_C_TENSOR_FILE_H

#include "lamina/c/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Tensors and free text about them, in memory. Reading never trusts the file: every size and range is
 * checked. What is reached through one stays until it is changed or freed.
 */
typedef struct lamina_tensor_file lamina_tensor_file;

/** One without tensors. */
LAMINA_API lamina_error lamina_tensor_file_create(lamina_tensor_file** file);

/** Fails with LAMINA_IO where the file cannot be read, LAMINA_BAD_FILE where it breaks the format's rules. */
LAMINA_API lamina_error lamina_tensor_file_read(const char* path, lamina_tensor_file** file);

/** Fails with LAMINA_IO where the file cannot be written. */
LAMINA_API lamina_error lamina_tensor_file_write(const lamina_tensor_file* file, const char* path);

/** A copy that can be changed by itself; both share the tensors' bytes. */
LAMINA_API lamina_error lamina_tensor_file_copy(const lamina_tensor_file* file, lamina_tensor_file** copy);

/** Frees it; NULL is allowed. */
LAMINA_API void lamina_tensor_file_free(lamina_tensor_file* file);

/** The tensors' names, in the order of the file or of adding. */
LAMINA_API lamina_error lamina_tensor_file_names(const lamina_tensor_file* file, lamina_strings** names);

/** Whether there is a tensor of this name. All functions below fail with LAMINA_INVALID_ARGUMENT where not.
 */
LAMINA_API lamina_error lamina_tensor_file_has(const lamina_tensor_file* file, lamina_string name, bool* has);

/** The dimensions [rank], outermost first; rank 0 is a single value. */
LAMINA_API lamina_error lamina_tensor_file_shape(const lamina_tensor_file* file, lamina_string name,
                                                 const uint64_t** dimensions, size_t* rank);

/** The element type as the format spells it: "F32", "I64", "BF16", ... */
LAMINA_API lamina_error lamina_tensor_file_dtype(const lamina_tensor_file* file, lamina_string name,
                                                 lamina_string* dtype);

/** The `size` bytes of a tensor of any dtype, row-major, little-endian, not aligned to anything. */
LAMINA_API lamina_error lamina_tensor_file_bytes(const lamina_tensor_file* file, lamina_string name,
                                                 const void** bytes, size_t* size);

/**
 * Copies the values, row-major, into `values` [count]. Fails with LAMINA_INVALID_ARGUMENT where the tensor
 * has another dtype than F32 or another number of values than `count`. So do the functions below for theirs.
 */
LAMINA_API lamina_error lamina_tensor_file_f32(const lamina_tensor_file* file, lamina_string name,
                                               float* values, size_t count);
/** The same for I32. */
LAMINA_API lamina_error lamina_tensor_file_i32(const lamina_tensor_file* file, lamina_string name,
                                               int32_t* values, size_t count);
/** The same for I64. */
LAMINA_API lamina_error lamina_tensor_file_i64(const lamina_tensor_file* file, lamina_string name,
                                               int64_t* values, size_t count);
/** The same for U8. */
LAMINA_API lamina_error lamina_tensor_file_u8(const lamina_tensor_file* file, lamina_string name,
                                              uint8_t* values, size_t count);
/** The same for F16: bit patterns of IEEE half. */
LAMINA_API lamina_error lamina_tensor_file_f16(const lamina_tensor_file* file, lamina_string name,
                                               uint16_t* bits, size_t count);
/** The same for BF16: bit patterns of bfloat16. */
LAMINA_API lamina_error lamina_tensor_file_bf16(const lamina_tensor_file* file, lamina_string name,
                                                uint16_t* bits, size_t count);

/**
 * Adds a tensor of the shape `dimensions` [rank] with a copy of `values` [count], row-major. Fails with
 * LAMINA_INVALID_ARGUMENT where the name is taken or the shape asks for another number of values. So do the
 * functions below.
 */
LAMINA_API lamina_error lamina_tensor_file_add_f32(lamina_tensor_file* file, lamina_string name,
                                                   const uint64_t* dimensions, size_t rank,
                                                   const float* values, size_t count);
/** The same for I32. */
LAMINA_API lamina_error lamina_tensor_file_add_i32(lamina_tensor_file* file, lamina_string name,
                                                   const uint64_t* dimensions, size_t rank,
                                                   const int32_t* values, size_t count);
/** The same for I64. */
LAMINA_API lamina_error lamina_tensor_file_add_i64(lamina_tensor_file* file, lamina_string name,
                                                   const uint64_t* dimensions, size_t rank,
                                                   const int64_t* values, size_t count);
/** The same for U8. */
LAMINA_API lamina_error lamina_tensor_file_add_u8(lamina_tensor_file* file, lamina_string name,
                                                  const uint64_t* dimensions, size_t rank,
                                                  const uint8_t* values, size_t count);
/** The same for F16: bit patterns of IEEE half. */
LAMINA_API lamina_error lamina_tensor_file_add_f16(lamina_tensor_file* file, lamina_string name,
                                                   const uint64_t* dimensions, size_t rank,
                                                   const uint16_t* bits, size_t count);
/** The same for BF16: bit patterns of bfloat16. */
LAMINA_API lamina_error lamina_tensor_file_add_bf16(lamina_tensor_file* file, lamina_string name,
                                                    const uint64_t* dimensions, size_t rank,
                                                    const uint16_t* bits, size_t count);

/** Keys of the free text about the file (the format's `__metadata__`), sorted. */
LAMINA_API lamina_error lamina_tensor_file_metadata_keys(const lamina_tensor_file* file,
                                                         lamina_strings** keys);

/** The text of a key; `*found` is false and the text empty where there is none. */
LAMINA_API lamina_error lamina_tensor_file_metadata(const lamina_tensor_file* file, lamina_string key,
                                                    lamina_string* text, bool* found);

/** Sets the text of a key. */
LAMINA_API lamina_error lamina_tensor_file_set_metadata(lamina_tensor_file* file, lamina_string key,
                                                        lamina_string text);

/** Removes a key, if it is there. */
LAMINA_API lamina_error lamina_tensor_file_remove_metadata(lamina_tensor_file* file, lamina_string key);

#ifdef __cplusplus
}
#endif

#endif
