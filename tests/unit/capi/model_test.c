#include "check.h"
#include "fixture.h"
#include "parts.h"

static lamina_model_options small(void) {
    lamina_model_options options;
    OK(lamina_model_options_init(&options, sizeof options));
    options.context = 128;
    options.backend = "reference";
    options.threads = 1; /* quick on a busy machine */
    return options;
}

static void test_defaults(void) {
    lamina_model_options options;
    memset(&options, 0xAB, sizeof options);
    OK(lamina_model_options_init(&options, sizeof options));
    CHECK(options.struct_size == sizeof options);
    CHECK(options.context == 4096 && options.sequences == 1 && options.batch_tokens == 512);
    CHECK(options.logit_rows == 0 && options.threads == 0 && options.pin_threads && options.repack &&
          !options.invariant);
    CHECK(options.devices == NULL && options.device_count == 0 && options.backend == NULL);
    CHECK(options.cache == LAMINA_CACHE_AUTOMATIC && options.compute == LAMINA_COMPUTE_AUTOMATIC);
    CHECK(options.load == LAMINA_LOAD_MAP);
    CHECK(options.progress == NULL && options.log == NULL && options.host_threads == NULL);
    CHECK(options.allocate == NULL && options.release == NULL);
}

static void check_info(const lamina_model_info* info, const char* path) {
    CHECK(equal(info->path, path));
    CHECK(equal(info->format, "GGUF v3"));
    CHECK(equal(info->architecture, "llama"));
    CHECK(info->layers == 2 && info->embedding == 64 && info->heads == 4 && info->kv_heads == 2);
    CHECK(info->head_dim == 16 && info->feed_forward == 96 && info->vocabulary == 264);
    CHECK(info->trained_context == 256);
    CHECK(info->parameters > 264 * 64);
    CHECK(info->file_bytes > info->weight_bytes_per_token && info->weight_bytes_per_token > 0);
    CHECK(info->type_count == 2);
    uint64_t tensors = 0;
    for (size_t i = 0; i < info->type_count; ++i) {
        CHECK(info->types[i]->type.size > 0 && info->types[i]->bytes > 0);
        tensors += info->types[i]->tensors;
    }
    CHECK(tensors == 2 + 2 * 9);
    bool tied = false;
    for (size_t i = 0; i < info->feature_count; ++i)
        tied = tied || equal(info->features[i], "tied embeddings");
    CHECK(tied);
    CHECK(equal(info->tokenizer, "gpt2 (gpt-2)"));
    CHECK(info->has_chat_template);
    CHECK(info->name.data != NULL && info->licence.data != NULL);
}

static void check_plan(const lamina_plan* plan) {
    CHECK(plan->device_count == 1 && equal(plan->devices[0]->name, "reference"));
    CHECK(plan->context == 128 && plan->sequences == 1 && plan->batch_tokens == 512);
    CHECK(plan->layers_count == 1 && plan->layers[0]->first == 0 && plan->layers[0]->last == 1);
    CHECK(equal(plan->layers[0]->device, "reference") && plan->layers[0]->weight_bytes > 0);
    CHECK(plan->reason.size > 0);
    uint64_t bytes = 0, mapped = 0;
    for (size_t i = 0; i < plan->buffer_count; ++i) {
        CHECK(plan->buffers[i]->name.size > 0 && plan->buffers[i]->device.size > 0);
        CHECK(plan->buffers[i]->detail.data != NULL);
        bytes += plan->buffers[i]->bytes;
        mapped += plan->buffers[i]->mapped_bytes;
    }
    CHECK(bytes > 0 && bytes == plan->total_bytes && mapped == plan->mapped_bytes);
    CHECK(strstr(plan->ops.data, "attention") != NULL);
    lamina_text* text = NULL;
    if (OK(lamina_plan_table(plan, &text))) {
        CHECK(strchr(text->data, '\n') != NULL && strlen(text->data) == text->size);
        lamina_text_free(text);
    }
    if (OK(lamina_plan_json(plan, &text))) {
        CHECK(text->data[0] == '{' && strstr(text->data, "\"context\":") != NULL);
        lamina_text_free(text);
    }
}

static void test_without_loading(const char* path) {
    lamina_model_info* info = NULL;
    if (OK(lamina_inspect(path, &info))) check_info(info, path);
    lamina_model_info_free(info);
    lamina_plan* plan = NULL;
    const lamina_model_options options = small();
    if (OK(lamina_make_plan(path, &options, &plan))) check_plan(plan);
    lamina_plan_free(plan);
    FAILS(LAMINA_IO, lamina_inspect("/nowhere", &info));
    CHECK(info == NULL);
    FAILS(LAMINA_IO, lamina_make_plan("/nowhere", NULL, &plan));
    CHECK(plan == NULL);
}

static void test_stated_rates(const char* path) {
    const char* const devices[] = {"reference,bw=145GB/s,dram=175GB/s,link=25GB/s,flops=2T"};
    lamina_model_options options = small();
    options.backend = NULL;
    options.devices = devices;
    options.device_count = 1;
    lamina_plan* plan = NULL;
    if (!OK(lamina_make_plan(path, &options, &plan))) return;
    const lamina_device_rates* stated = &plan->devices[0]->stated;
    CHECK(stated->read_bytes_per_s == 145e9 && stated->memory_bytes_per_s == 175e9);
    CHECK(stated->link_bytes_per_s == 25e9 && stated->operations_per_s == 2e12);
    lamina_plan_free(plan);
}

struct seen {
    unsigned progress_calls, log_calls, infos;
    uint64_t done, total;
    lamina_error_code answer;
};

static lamina_error_code on_progress(void* user, uint64_t done, uint64_t total) {
    struct seen* seen = user;
    ++seen->progress_calls;
    CHECK(done >= seen->done && done <= total);
    seen->done = done;
    seen->total = total;
    return seen->answer;
}

static void on_log(void* user, lamina_log_level level, lamina_string message) {
    struct seen* seen = user;
    ++seen->log_calls;
    CHECK(level >= LAMINA_LOG_DEBUG && level <= LAMINA_LOG_WARNING);
    CHECK(message.size > 0 && strlen(message.data) == message.size);
    seen->infos += level == LAMINA_LOG_INFO;
}

static void test_callbacks(const char* path) {
    struct seen seen = {0};
    lamina_model_options options = small();
    options.load = LAMINA_LOAD_READ;
    options.progress = on_progress;
    options.progress_user = &seen;
    options.log = on_log;
    options.log_user = &seen;
    lamina_model* model = NULL;
    if (!OK(lamina_model_load(path, &options, &model))) return;
    CHECK(seen.progress_calls > 0 && seen.done == seen.total && seen.total > 0);
    CHECK(seen.log_calls > 0 && seen.infos > 0);
    const lamina_model_options* settled = NULL;
    OK(lamina_model_get_options(model, &settled));
    CHECK(settled->progress == on_progress && settled->log_user == &seen);
    lamina_model_free(model);

    seen.done = 0;
    seen.answer = LAMINA_CANCELLED;
    FAILS(LAMINA_CANCELLED, lamina_model_load(path, &options, &model));
    CHECK(model == NULL);
    seen.done = 0;
    seen.answer = LAMINA_DEVICE_FAILED;
    lamina_error error = lamina_model_load(path, &options, &model);
    CHECK(error.code == LAMINA_DEVICE_FAILED && equal(error.subject, "progress"));
    CHECK(equal(error.found, "device_failed"));
    lamina_error_free(&error);
    seen.done = 0;
    seen.answer = 4711;
    error = lamina_model_load(path, &options, &model);
    CHECK(error.code == LAMINA_INVALID_ARGUMENT && equal(error.found, "4711"));
    lamina_error_free(&error);
}

static void test_loaded(const char* path) {
    lamina_model *model = NULL, *copy = NULL;
    const char* const devices[] = {"reference"};
    lamina_model_options options = small();
    options.devices = devices;
    options.device_count = 1;
    if (!OK(lamina_model_load(path, &options, &model))) return;
    OK(lamina_model_copy(model, &copy));
    const lamina_model_info* info = NULL;
    const lamina_plan* plan = NULL;
    const lamina_model_options* settled = NULL;
    OK(lamina_model_get_info(model, &info));
    OK(lamina_model_get_plan(model, &plan));
    OK(lamina_model_get_options(model, &settled));
    lamina_model_free(model); /* what is borrowed lives on with the copy */
    check_info(info, path);
    check_plan(plan);
    CHECK(settled->struct_size == sizeof *settled);
    CHECK(settled->context == 128 && settled->logit_rows == 16 && settled->threads > 0);
    CHECK(settled->device_count == 1 && strcmp(settled->devices[0], "reference") == 0);
    CHECK(strcmp(settled->backend, "reference") == 0);
    CHECK(settled->cache == LAMINA_CACHE_AUTOMATIC && settled->load == LAMINA_LOAD_MAP);

    bool has = false;
    OK(lamina_model_has_tokenizer(copy, &has));
    CHECK(has);
    lamina_implementation_list* list = NULL;
    if (OK(lamina_model_implementations(copy, &list))) {
        CHECK(list->count > 0);
        for (size_t i = 0; i < list->count; ++i)
            CHECK(list->items[i]->op.size > 0 && list->items[i]->implementation.size > 0 &&
                  list->items[i]->refused.data != NULL);
    }
    lamina_implementation_list_free(list);
    lamina_op_time_list* times = NULL;
    if (OK(lamina_model_take_profile(copy, &times))) CHECK(times->count == 0);
    lamina_op_time_list_free(times);

    lamina_tokenizer* tokenizer = NULL;
    lamina_chat_template* chat_template = NULL;
    OK(lamina_model_tokenizer(copy, &tokenizer));
    OK(lamina_model_chat_template(copy, &chat_template));
    CHECK(tokenizer != NULL && chat_template != NULL);
    lamina_tokenizer_free(tokenizer);
    lamina_chat_template_free(chat_template);
    lamina_model_free(copy);
}

/* A model without vocabulary, with the defaults. */
static void test_bare(void) {
    lamina_model* model = NULL;
    if (!OK(lamina_model_load(LAMINA_TEST_DATA "/tiny/llama.gguf", NULL, &model))) return;
    bool has = true;
    OK(lamina_model_has_tokenizer(model, &has));
    CHECK(!has);
    lamina_tokenizer* tokenizer = NULL;
    FAILS(LAMINA_UNSUPPORTED, lamina_model_tokenizer(model, &tokenizer));
    CHECK(tokenizer == NULL);
    lamina_chat_template* chat_template = NULL;
    OK(lamina_model_chat_template(model, &chat_template));
    CHECK(chat_template == NULL);
    lamina_model_free(model);
    FAILS(LAMINA_UNSUPPORTED, lamina_tokenizer_load(LAMINA_TEST_DATA "/tiny/llama.gguf", &tokenizer));
    OK(lamina_chat_template_load(LAMINA_TEST_DATA "/tiny/llama.gguf", &chat_template));
    CHECK(chat_template == NULL);
}

/* Times of ops and limits of the device. */
static void test_profile(void) {
    lamina_model_options options;
    OK(lamina_model_options_init(&options, sizeof options));
    options.profile = true;
    lamina_model* model = NULL;
    if (!OK(lamina_model_load(LAMINA_TEST_DATA "/tiny/llama.gguf", &options, &model))) return;
    const lamina_token token = 1;
    lamina_session* session = NULL;
    lamina_sequence_tokens item = {.tokens = &token, .token_count = 1, .logits = LAMINA_LOGITS_LAST};
    OK(lamina_session_create(model, &session));
    OK(lamina_session_open(session, &item.sequence));
    OK(lamina_session_forward(session, &item, 1, NULL, NULL));
    lamina_op_time_list* times = NULL;
    if (OK(lamina_model_take_profile(model, &times))) {
        CHECK(times->count > 0);
        for (size_t i = 0; i < times->count; ++i)
            CHECK(times->items[i]->op.size > 0 && times->items[i]->runs > 0 && times->items[i]->seconds > 0);
    }
    lamina_op_time_list_free(times);
    lamina_device_speed speed;
    OK(lamina_model_measure_device(model, &speed));
    CHECK(speed.read_bytes_per_s > 0 && speed.int8_operations_per_s > 0 && speed.f32_operations_per_s > 0);
    CHECK(speed.bf16_operations_per_s >= 0);
    lamina_session_free(session);
    lamina_model_free(model);
}

static void test_refused(const char* path) {
    lamina_model* model = NULL;
    lamina_model_options options = small();
    options.threads = -1;
    lamina_error error = lamina_model_load(path, &options, &model);
    CHECK(error.code == LAMINA_INVALID_ARGUMENT && equal(error.subject, "threads") &&
          equal(error.found, "-1"));
    lamina_error_free(&error);
    options = small();
    const char* const devices[] = {NULL};
    options.devices = devices;
    options.device_count = 1;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_load(path, &options, &model));
    options.devices = NULL;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_load(path, &options, &model));
    options = small();
    options.struct_size = 3;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_load(path, &options, &model));
    options.struct_size = (size_t)-1;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_load(path, &options, &model));
    options = small();
    options.cache = LAMINA_CACHE_Q8_0 + 1;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_load(path, &options, &model));
    options = small();
    options.compute = -1;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_load(path, &options, &model));
    options = small();
    options.load = 2;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_load(path, &options, &model));
    options = small();
    options.backend = "none such";
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_load(path, &options, &model));
    CHECK(model == NULL);
}

void test_model(const char* model_path) {
    test_defaults();
    test_without_loading(model_path);
    test_stated_rates(model_path);
    test_callbacks(model_path);
    test_loaded(model_path);
    test_bare();
    test_profile();
    test_refused(model_path);
}
