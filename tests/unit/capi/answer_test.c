#include "check.h"
#include "parts.h"

static lamina_engine* engine_of(const char* path, uint32_t queue) {
    lamina_model* model = NULL;
    lamina_engine* engine = NULL;
    lamina_model_options options;
    OK(lamina_model_options_init(&options, sizeof options));
    options.context = 128;
    options.backend = "reference";
    options.threads = 1; /* quick on a busy machine */
    OK(lamina_model_load(path, &options, &model));
    lamina_engine_options engine_options;
    OK(lamina_engine_options_init(&engine_options, sizeof engine_options));
    CHECK(engine_options.queue == 1024);
    engine_options.queue = 0;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_engine_create(model, &engine_options, &engine));
    CHECK(engine == NULL);
    engine_options.queue = queue;
    engine_options.reserved = 1;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_engine_create(model, &engine_options, &engine));
    engine_options.reserved = 0;
    OK(lamina_engine_create(model, &engine_options, &engine));
    lamina_model_free(model);
    return engine;
}

static lamina_request defaults(void) {
    lamina_request request;
    memset(&request, 0xAB, sizeof request);
    OK(lamina_request_init(&request, sizeof request));
    CHECK(request.struct_size == sizeof request && request.prompt.size == 0);
    CHECK(request.messages == NULL && request.message_count == 0 && request.tokens == NULL);
    CHECK(request.token_count == 0 && request.max_tokens == 0 && request.sampling == NULL);
    CHECK(request.stop == NULL && request.stop_count == 0 && request.logprobs == 0);
    CHECK(!request.report_chosen_logprob && !request.ignore_end && request.keep == 0);
    CHECK(request.when_full == LAMINA_WHEN_FULL_STOP && request.chat_template == NULL);
    CHECK(request.on_logits == NULL && request.on_piece == NULL);
    return request;
}

static void test_steps_by_hand(lamina_engine* engine) {
    bool computed = true;
    OK(lamina_engine_step(engine, &computed));
    CHECK(!computed);
    const lamina_token ids[] = {1, 2, 3};
    lamina_request request = defaults();
    request.tokens = ids;
    request.token_count = 3;
    request.max_tokens = 3;
    request.ignore_end = true;
    lamina_answer* answer = NULL;
    OK(lamina_engine_submit(engine, &request, &answer));
    int steps = 0;
    for (bool finished = false; !finished && steps < 100; ++steps) {
        OK(lamina_engine_step(engine, &computed));
        CHECK(computed);
        OK(lamina_answer_finished(answer, &finished));
    }
    CHECK(steps == 3);
    lamina_answer_free(answer);
}

static void test_cancel_and_queue(lamina_engine* engine) {
    lamina_request request = defaults();
    request.prompt = lamina_string_of("hello");
    lamina_answer *first = NULL, *second = NULL, *third = NULL;
    OK(lamina_engine_submit(engine, &request, &first));
    OK(lamina_engine_submit(engine, &request, &second));
    lamina_error error = lamina_engine_submit(engine, &request, &third);
    CHECK(error.code == LAMINA_QUEUE_FULL && third == NULL);
    lamina_error_free(&error);
    OK(lamina_answer_cancel(first));
    OK(lamina_answer_wait(first));
    lamina_finish_reason reason = LAMINA_FINISH_RUNNING;
    OK(lamina_answer_finish_reason(first, &reason));
    CHECK(reason == LAMINA_FINISH_CANCELLED);
    OK(lamina_answer_cancel(first)); /* harmless */
    lamina_answer_free(first);

    /* Answers outlive their engine, which cancels them. */
    lamina_engine_free(engine);
    OK(lamina_answer_wait(second));
    OK(lamina_answer_finish_reason(second, &reason));
    CHECK(reason == LAMINA_FINISH_CANCELLED);
    lamina_answer_free(second);
}

static void test_refused(lamina_engine* engine) {
    lamina_answer* answer = NULL;
    lamina_request request = defaults();
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_engine_submit(engine, &request, &answer));
    const lamina_token bad[] = {264}, good[] = {1};
    request.tokens = bad;
    request.token_count = 1;
    lamina_error error = lamina_engine_submit(engine, &request, &answer);
    CHECK(error.code == LAMINA_INVALID_ARGUMENT && equal(error.subject, "tokens") &&
          equal(error.expected, "ids 0..263"));
    lamina_error_free(&error);
    request.tokens = good;
    request.prompt = lamina_string_of("and text");
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_engine_submit(engine, &request, &answer));
    request = defaults();
    request.prompt.size = 4; /* of nothing */
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_engine_submit(engine, &request, &answer));
    request = defaults();
    request.prompt = lamina_string_of("x");
    request.logprobs = 257;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_engine_submit(engine, &request, &answer));
    request.logprobs = 0;
    request.stop_count = 1; /* of nothing */
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_engine_submit(engine, &request, &answer));
    request.stop_count = 0;
    request.struct_size = 8;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_engine_submit(engine, &request, &answer));
    char longer[200];
    memset(longer, 'x', sizeof longer);
    request = defaults();
    request.prompt.data = longer;
    request.prompt.size = sizeof longer;
    FAILS(LAMINA_CONTEXT_FULL, lamina_engine_submit(engine, &request, &answer));
    CHECK(answer == NULL);
}

void test_answers(const char* model_path) {
    lamina_engine* engine = engine_of(model_path, 2);
    if (engine == NULL) return;
    test_refused(engine);
    test_steps_by_hand(engine);
    test_cancel_and_queue(engine);
}
