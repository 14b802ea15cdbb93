/* A host that lends its own threads and memory. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "check.h"
#include "parts.h"

struct memory {
    atomic_ulong blocks, given, bytes;
    bool empty;
};

static void* allocate(void* user, uint64_t bytes, uint64_t alignment) {
    struct memory* memory = user;
    if (memory->empty) return NULL;
    CHECK(bytes > 0 && alignment >= 64 && (alignment & (alignment - 1)) == 0);
    atomic_fetch_add(&memory->blocks, 1);
    atomic_fetch_add(&memory->given, 1);
    atomic_fetch_add(&memory->bytes, bytes);
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void release(void* user, void* data, uint64_t bytes, uint64_t alignment) {
    struct memory* memory = user;
    CHECK(data != NULL && (uintptr_t)data % alignment == 0);
    atomic_fetch_sub(&memory->blocks, 1);
    atomic_fetch_sub(&memory->bytes, bytes);
    free(data);
}

struct threads {
    unsigned long runs;
    int32_t most;
    lamina_error_code answer;
};

struct job {
    lamina_thread_body body;
    void* task;
    int32_t thread;
};

static void* run_job(void* argument) {
    const struct job* job = argument;
    job->body(job->task, job->thread);
    return NULL;
}

static lamina_error_code run(void* user, int32_t count, lamina_thread_body body, void* task) {
    struct threads* threads = user;
    if (threads->answer != LAMINA_OK) return threads->answer;
    ++threads->runs;
    if (count > threads->most) threads->most = count;
    pthread_t others[8];
    struct job jobs[8];
    if (count > 8) return LAMINA_INVALID_ARGUMENT;
    for (int32_t i = 1; i < count; ++i) {
        jobs[i] = (struct job){body, task, i};
        CHECK(pthread_create(&others[i], NULL, run_job, &jobs[i]) == 0);
    }
    body(task, 0);
    for (int32_t i = 1; i < count; ++i) pthread_join(others[i], NULL);
    return LAMINA_OK;
}

static lamina_error answer_with(lamina_model* model, lamina_tokens** tokens) {
    lamina_engine* engine = NULL;
    lamina_answer* answer = NULL;
    const lamina_token prompt[] = {3, 1, 4, 1, 5};
    lamina_sampling_params greedy;
    OK(lamina_sampling_params_init_greedy(&greedy, sizeof greedy));
    lamina_request request;
    OK(lamina_request_init(&request, sizeof request));
    request.tokens = prompt;
    request.token_count = 5;
    request.max_tokens = 2;
    request.ignore_end = true;
    request.sampling = &greedy;
    OK(lamina_engine_create(model, NULL, &engine));
    OK(lamina_engine_submit(engine, &request, &answer));
    OK(lamina_answer_wait(answer));
    OK(lamina_answer_tokens(answer, tokens));
    lamina_error failure;
    OK(lamina_answer_error(answer, &failure));
    lamina_answer_free(answer);
    lamina_engine_free(engine);
    return failure;
}

static void test_lent(const char* path) {
    struct memory memory = {0};
    struct threads threads = {0};
    lamina_model_options options;
    OK(lamina_model_options_init(&options, sizeof options));
    options.backend = "cpu";
    options.context = 128;
    options.threads = 2;
    options.pin_threads = false;
    lamina_model *plain = NULL, *lent = NULL;
    lamina_tokens *expected = NULL, *tokens = NULL;
    OK(lamina_model_load(path, &options, &plain));
    OK(answer_with(plain, &expected));
    lamina_model_free(plain);

    options.host_threads = run;
    options.host_threads_user = &threads;
    options.allocate = allocate;
    options.release = release;
    options.allocator_user = &memory;
    OK(lamina_model_load(path, &options, &lent));
    OK(answer_with(lent, &tokens));
    CHECK(threads.runs > 0 && threads.most == 2);
    CHECK(memory.given > 0 && memory.blocks == memory.given);
    const lamina_plan* plan = NULL;
    OK(lamina_model_get_plan(lent, &plan));
    CHECK(memory.bytes >= plan->total_bytes);
    CHECK(tokens->count == 2 && expected->count == 2);
    CHECK(memcmp(tokens->ids, expected->ids, 2 * sizeof *tokens->ids) == 0);
    lamina_tokens_free(tokens);

    threads.answer = LAMINA_CANCELLED;
    lamina_error failure = answer_with(lent, &tokens);
    CHECK(failure.code == LAMINA_CANCELLED && equal(failure.subject, "host_threads"));
    lamina_error_free(&failure);
    CHECK(tokens->count == 0);
    lamina_tokens_free(tokens);
    lamina_tokens_free(expected);
    lamina_model_free(lent);
    CHECK(memory.blocks == 0 && memory.bytes == 0);
}

static void test_no_memory(const char* path) {
    struct memory memory = {.empty = true};
    lamina_model_options options;
    OK(lamina_model_options_init(&options, sizeof options));
    options.backend = "cpu";
    options.context = 128;
    options.allocate = allocate;
    options.allocator_user = &memory;
    lamina_model* model = NULL;
    lamina_error error = lamina_model_load(path, &options, &model);
    CHECK(error.code == LAMINA_INVALID_ARGUMENT && equal(error.subject, "allocator"));
    lamina_error_free(&error);
    options.release = release;
    FAILS(LAMINA_OUT_OF_MEMORY, lamina_model_load(path, &options, &model));
    CHECK(model == NULL);
}

void test_host(const char* model_path) {
    test_lent(model_path);
    test_no_memory(model_path);
}
