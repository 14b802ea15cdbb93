#include <stdio.h>

#include "check.h"
#include "parts.h"

static void test_version(void) {
    char expected[32];
    CHECK(strcmp(lamina_version(), LAMINA_VERSION_STRING) == 0);
    snprintf(expected, sizeof expected, "%d.%d.%d", LAMINA_VERSION_MAJOR, LAMINA_VERSION_MINOR,
             LAMINA_VERSION_PATCH);
    CHECK(strcmp(lamina_version(), expected) == 0);
}

static void test_names(void) {
    static const char* const codes[] = {"ok",
                                        "io",
                                        "bad_file",
                                        "unsupported",
                                        "invalid_argument",
                                        "out_of_memory",
                                        "queue_full",
                                        "context_full",
                                        "template_failed",
                                        "numerical_fault",
                                        "cancelled",
                                        "device_failed"};
    for (lamina_error_code code = LAMINA_OK; code <= LAMINA_DEVICE_FAILED; ++code)
        CHECK(strcmp(lamina_error_code_name(code), codes[code]) == 0);
    CHECK(strcmp(lamina_error_code_name(LAMINA_UNEXPECTED), "unexpected") == 0);
    CHECK(strcmp(lamina_error_code_name(-1), "unknown") == 0);
    CHECK(strcmp(lamina_error_code_name(12), "unknown") == 0);
    static const char* const reasons[] = {"running",      "end_token", "stop_string", "max_tokens",
                                          "context_full", "cancelled", "failed"};
    for (lamina_finish_reason reason = LAMINA_FINISH_RUNNING; reason <= LAMINA_FINISH_FAILED; ++reason)
        CHECK(strcmp(lamina_finish_reason_name(reason), reasons[reason]) == 0);
    CHECK(strcmp(lamina_finish_reason_name(7), "unknown") == 0);
    CHECK(strcmp(lamina_finish_reason_name(-1), "unknown") == 0);
}

static void test_strings(void) {
    CHECK(lamina_string_of("abc").size == 3);
    CHECK(lamina_string_of("").size == 0);
    CHECK(lamina_string_of(NULL).size == 0);
}

/* The fields of an error, by a file that is none. */
static void test_errors(const char* model_path) {
    lamina_model* model = NULL;
    lamina_error error = lamina_model_load("/nowhere/model.gguf", NULL, &model);
    CHECK(error.code == LAMINA_IO);
    CHECK(model == NULL);
    CHECK(contains(error.text, "/nowhere/model.gguf"));
    CHECK(contains(error.file, "/nowhere/model.gguf"));
    const lamina_error copy = error;
    lamina_error_free(&error);
    CHECK(error.code == LAMINA_OK);
    CHECK(copy.code == LAMINA_IO); /* and is not to be freed again */
    lamina_error_free(&error);
    lamina_error_free(NULL);

    error = lamina_model_load(NULL, NULL, &model);
    CHECK(error.code == LAMINA_INVALID_ARGUMENT);
    CHECK(equal(error.area, "lamina_model_load"));
    CHECK(equal(error.subject, "path"));
    CHECK(equal(error.expected, "a pointer"));
    CHECK(equal(error.found, "NULL"));
    CHECK(!error.has_offset);
    CHECK(equal(error.text, "[lamina_model_load] 'path': expected a pointer, found NULL"));
    lamina_error_free(&error);

    lamina_model_options options;
    OK(lamina_model_options_init(&options, sizeof options));
    options.cache = 77;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_load(model_path, &options, &model));
}

static void test_devices(void) {
    lamina_device_list* devices = NULL;
    if (!OK(lamina_devices(&devices))) return;
    CHECK(devices->count >= 2);
    bool cpu = false, reference = false;
    for (size_t i = 0; i < devices->count; ++i) {
        const lamina_device_info* device = devices->items[i];
        CHECK(device->name.size > 0 && device->description.size > 0);
        CHECK(device->available_bytes <= device->memory_bytes);
        if (equal(device->backend, "cpu")) {
            cpu = true;
            CHECK(device->threads > 0 && device->isa_count > 0);
            CHECK(device->isa[0].size > 0 && device->isa_used.size > 0);
        }
        reference = reference || equal(device->backend, "reference");
    }
    CHECK(cpu && reference);
    lamina_device_list_free(devices);
}

static void test_architectures(void) {
    lamina_strings* names = NULL;
    if (!OK(lamina_architectures(&names))) return;
    bool found = false;
    for (size_t i = 0; i < names->count; ++i) found = found || equal(names->items[i], "llama");
    CHECK(found);
    lamina_strings_free(names);
}

static void test_free_nothing(void) {
    lamina_text_free(NULL);
    lamina_tokens_free(NULL);
    lamina_strings_free(NULL);
    lamina_device_list_free(NULL);
    lamina_plan_free(NULL);
    lamina_model_info_free(NULL);
    lamina_implementation_list_free(NULL);
    lamina_op_time_list_free(NULL);
    lamina_model_free(NULL);
    lamina_tokenizer_free(NULL);
    lamina_detokenizer_free(NULL);
    lamina_chat_template_free(NULL);
    lamina_session_free(NULL);
    lamina_engine_free(NULL);
    lamina_answer_free(NULL);
    lamina_piece_free(NULL);
    lamina_tensor_file_free(NULL);
}

void test_basics(const char* model_path) {
    test_version();
    test_names();
    test_strings();
    test_errors(model_path);
    test_devices();
    test_architectures();
    test_free_nothing();
}
