#include <stdio.h>

#include "check.h"
#include "fixture.h"
#include "parts.h"

static const float f32[] = {1.5f, -2.0f, 0.0f, 4.0f, 5.0f, 6.0f};
static const int32_t i32[] = {1, -2, 3};
static const int64_t i64[] = {INT64_MIN, INT64_MAX};
static const uint8_t u8[] = {0, 255};
static const uint16_t bits[] = {0x3C00, 0x0001};

static lamina_tensor_file* make(void) {
    lamina_tensor_file* file = NULL;
    const uint64_t matrix[] = {2, 3}, three[] = {3}, two[] = {2};
    const lamina_string nul = {"a\0b", 3};
    OK(lamina_tensor_file_create(&file));
    OK(lamina_tensor_file_add_f32(file, lamina_string_of("f32"), matrix, 2, f32, 6));
    OK(lamina_tensor_file_add_i32(file, lamina_string_of("i32"), three, 1, i32, 3));
    OK(lamina_tensor_file_add_i64(file, lamina_string_of("i64"), two, 1, i64, 2));
    OK(lamina_tensor_file_add_u8(file, lamina_string_of("u8"), two, 1, u8, 2));
    OK(lamina_tensor_file_add_f16(file, lamina_string_of("f16"), two, 1, bits, 2));
    OK(lamina_tensor_file_add_bf16(file, lamina_string_of("bf16"), two, 1, bits, 2));
    OK(lamina_tensor_file_add_f32(file, lamina_string_of("one value"), NULL, 0, f32, 1));
    OK(lamina_tensor_file_add_u8(file, nul, two, 1, u8, 2));
    OK(lamina_tensor_file_set_metadata(file, lamina_string_of("by"), lamina_string_of("test")));
    OK(lamina_tensor_file_set_metadata(file, lamina_string_of("about"), nul));
    OK(lamina_tensor_file_set_metadata(file, lamina_string_of("gone"), lamina_string_of("")));
    OK(lamina_tensor_file_remove_metadata(file, lamina_string_of("gone")));
    OK(lamina_tensor_file_remove_metadata(file, lamina_string_of("never there")));

    FAILS(LAMINA_INVALID_ARGUMENT, lamina_tensor_file_add_u8(file, lamina_string_of("u8"), two, 1, u8, 2));
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_tensor_file_add_u8(file, lamina_string_of("new"), three, 1, u8, 2));
    return file;
}

static void check_values(const lamina_tensor_file* file) {
    float f[6];
    int32_t a[3];
    int64_t b[2];
    uint8_t c[2];
    uint16_t d[2], e[2];
    OK(lamina_tensor_file_f32(file, lamina_string_of("f32"), f, 6));
    OK(lamina_tensor_file_i32(file, lamina_string_of("i32"), a, 3));
    OK(lamina_tensor_file_i64(file, lamina_string_of("i64"), b, 2));
    OK(lamina_tensor_file_u8(file, lamina_string_of("u8"), c, 2));
    OK(lamina_tensor_file_f16(file, lamina_string_of("f16"), d, 2));
    OK(lamina_tensor_file_bf16(file, lamina_string_of("bf16"), e, 2));
    CHECK(memcmp(f, f32, sizeof f) == 0 && memcmp(a, i32, sizeof a) == 0 && memcmp(b, i64, sizeof b) == 0);
    CHECK(memcmp(c, u8, sizeof c) == 0 && memcmp(d, bits, sizeof d) == 0 && memcmp(e, bits, sizeof e) == 0);
    lamina_error error = lamina_tensor_file_f32(file, lamina_string_of("f32"), f, 5);
    CHECK(error.code == LAMINA_INVALID_ARGUMENT && equal(error.expected, "6") && equal(error.found, "5"));
    lamina_error_free(&error);
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_tensor_file_f32(file, lamina_string_of("u8"), f, 2));
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_tensor_file_f32(file, lamina_string_of("none"), f, 2));
}

static void check_shapes(const lamina_tensor_file* file) {
    const uint64_t* dimensions = NULL;
    size_t rank = 9, size = 0;
    const void* bytes = NULL;
    lamina_string dtype;
    bool has = false;
    OK(lamina_tensor_file_shape(file, lamina_string_of("f32"), &dimensions, &rank));
    CHECK(rank == 2 && dimensions[0] == 2 && dimensions[1] == 3);
    OK(lamina_tensor_file_shape(file, lamina_string_of("one value"), &dimensions, &rank));
    CHECK(rank == 0);
    OK(lamina_tensor_file_dtype(file, lamina_string_of("bf16"), &dtype));
    CHECK(equal(dtype, "BF16"));
    OK(lamina_tensor_file_bytes(file, lamina_string_of("i32"), &bytes, &size));
    CHECK(size == sizeof i32 && memcmp(bytes, i32, size) == 0);
    OK(lamina_tensor_file_has(file, lamina_string_of("i32"), &has));
    CHECK(has);
    OK(lamina_tensor_file_has(file, lamina_string_of("i33"), &has));
    CHECK(!has);
    FAILS(LAMINA_INVALID_ARGUMENT,
          lamina_tensor_file_shape(file, lamina_string_of("none"), &dimensions, &rank));
    CHECK(dimensions == NULL && rank == 0);
}

static void check_names(const lamina_tensor_file* file) {
    static const char* const expected[] = {"f32", "i32", "i64", "u8", "f16", "bf16", "one value"};
    lamina_strings* names = NULL;
    OK(lamina_tensor_file_names(file, &names));
    CHECK(names->count == 8);
    size_t found_names = 0, with_nul = 0;
    for (size_t i = 0; i < names->count; ++i) {
        for (size_t e = 0; e < 7; ++e) found_names += equal(names->items[i], expected[e]);
        with_nul += names->items[i].size == 3 && memcmp(names->items[i].data, "a\0b", 4) == 0;
    }
    CHECK(found_names == 7 && with_nul == 1);
    lamina_strings_free(names);
    OK(lamina_tensor_file_metadata_keys(file, &names));
    CHECK(names->count == 2 && equal(names->items[0], "about") && equal(names->items[1], "by"));
    lamina_strings_free(names);
    lamina_string text;
    bool found = false;
    OK(lamina_tensor_file_metadata(file, lamina_string_of("about"), &text, &found));
    CHECK(found && text.size == 3 && memcmp(text.data, "a\0b", 4) == 0);
    OK(lamina_tensor_file_metadata(file, lamina_string_of("gone"), &text, &found));
    CHECK(!found && equal(text, ""));
}

static void check_all(const lamina_tensor_file* file) {
    check_values(file);
    check_shapes(file);
    check_names(file);
}

static void test_broken(const char* path) {
    FILE* out = fopen(path, "wb");
    fwrite("\x08\0\0\0\0\0\0\0{broken}", 1, 16, out);
    fclose(out);
    lamina_tensor_file* file = NULL;
    lamina_error error = lamina_tensor_file_read(path, &file);
    CHECK(error.code == LAMINA_BAD_FILE && equal(error.file, path) && file == NULL);
    lamina_error_free(&error);
    FAILS(LAMINA_IO, lamina_tensor_file_read("/nowhere/file", &file));
}

void test_tensor_file(const char* model_path) {
    (void)model_path;
    lamina_tensor_file *made = make(), *copy = NULL, *back = NULL;
    OK(lamina_tensor_file_copy(made, &copy));
    OK(lamina_tensor_file_set_metadata(made, lamina_string_of("new"), lamina_string_of("of the first")));
    lamina_tensor_file_free(made);
    check_all(copy);
    const char* path = path_of("tensors.safetensors");
    OK(lamina_tensor_file_write(copy, path));
    FAILS(LAMINA_IO, lamina_tensor_file_write(copy, "/nowhere/file"));
    lamina_tensor_file_free(copy);
    if (OK(lamina_tensor_file_read(path, &back))) check_all(back);
    lamina_tensor_file_free(back);
    test_broken(path_of("broken.safetensors"));
}
