#include <math.h>

#include "check.h"
#include "parts.h"

enum { END = 263 };

static lamina_model* load(const char* path) {
    lamina_model* model = NULL;
    lamina_model_options options;
    OK(lamina_model_options_init(&options, sizeof options));
    options.context = 128;
    options.backend = "reference";
    options.threads = 1; /* quick on a busy machine */
    OK(lamina_model_load(path, &options, &model));
    return model;
}

static lamina_request prompt(const char* text) {
    lamina_request request;
    OK(lamina_request_init(&request, sizeof request));
    request.prompt = lamina_string_of(text);
    return request;
}

/* Makes the model write these bytes and then its end token. */
struct script {
    const char* text;
    size_t written, calls;
    lamina_error_code answer;
};

static lamina_error_code write_script(void* user, float* logits, size_t vocabulary,
                                      const lamina_token* history, size_t history_count) {
    struct script* script = user;
    CHECK(vocabulary == 264 && history_count > 0 && history[0] >= 0);
    ++script->calls;
    if (script->answer != LAMINA_OK) return script->answer;
    for (size_t i = 0; i < vocabulary; ++i) logits[i] = -INFINITY;
    const unsigned char next = (unsigned char)script->text[script->written];
    logits[next != 0 ? next : END] = 0;
    script->written += next != 0;
    return LAMINA_OK;
}

struct pieces {
    char text[64];
    size_t size, count;
    lamina_error_code answer;
};

static lamina_error_code take_piece(void* user, const lamina_piece* piece) {
    struct pieces* pieces = user;
    if (pieces->size + piece->text.size >= sizeof pieces->text) return LAMINA_OUT_OF_MEMORY;
    memcpy(pieces->text + pieces->size, piece->text.data, piece->text.size + 1);
    pieces->size += piece->text.size;
    ++pieces->count;
    return pieces->answer;
}

static lamina_answer* submit(lamina_engine* engine, const lamina_request* request) {
    lamina_answer* answer = NULL;
    OK(lamina_engine_submit(engine, request, &answer));
    return answer;
}

static lamina_finish_reason reason_of(const lamina_answer* answer) {
    lamina_finish_reason reason = -1;
    OK(lamina_answer_finish_reason(answer, &reason));
    return reason;
}

static void test_stream(lamina_engine* engine) {
    struct script script = {.text = "ab\xE4\xB8\xADz"};
    struct pieces pieces = {.count = 0};
    lamina_request request = prompt("x");
    request.on_logits = write_script;
    request.on_logits_user = &script;
    request.on_piece = take_piece;
    request.on_piece_user = &pieces;
    request.logprobs = 2;
    lamina_answer *answer = submit(engine, &request), *copy = NULL;
    OK(lamina_answer_copy(answer, &copy));
    bool finished = true;
    OK(lamina_answer_finished(answer, &finished));
    CHECK(!finished && reason_of(copy) == LAMINA_FINISH_RUNNING);
    char text[64] = "";
    size_t tokens = 0;
    for (lamina_piece* piece = NULL; OK(lamina_answer_next(answer, &piece)) && piece != NULL;) {
        strcat(text, piece->text.data);
        CHECK(piece->logprob_count == piece->token_count);
        for (size_t i = 0; i < piece->logprob_count; ++i) {
            CHECK(piece->logprobs[i].count == 3);
            CHECK(piece->logprobs[i].items[0].token == piece->tokens[i]);
            CHECK(piece->logprobs[i].items[0].logprob <= piece->logprobs[i].items[1].logprob);
        }
        tokens += piece->token_count;
        lamina_piece_free(piece);
    }
    CHECK(strcmp(text, "ab\xE4\xB8\xADz") == 0 && tokens == 6);
    CHECK(strcmp(pieces.text, text) == 0 && pieces.count == 4);
    OK(lamina_answer_finished(answer, &finished));
    CHECK(finished && reason_of(answer) == LAMINA_FINISH_END_TOKEN);
    lamina_answer_free(answer);

    lamina_text* whole = NULL;
    if (OK(lamina_answer_text(copy, &whole))) CHECK(is_text(whole, "ab\xE4\xB8\xADz"));
    lamina_tokens* ids = NULL;
    OK(lamina_answer_tokens(copy, &ids));
    CHECK(ids->count == 6 && ids->ids[0] == 'a' && ids->ids[5] == 'z');
    lamina_tokens_free(ids);
    lamina_error failure;
    OK(lamina_answer_error(copy, &failure));
    CHECK(failure.code == LAMINA_OK);
    lamina_statistics statistics;
    OK(lamina_answer_statistics(copy, &statistics, sizeof statistics));
    CHECK(statistics.struct_size == sizeof statistics);
    CHECK(statistics.prompt_tokens == 1 && statistics.generated_tokens == 6 && statistics.cached_tokens == 0);
    CHECK(statistics.queue_seconds >= 0 && statistics.prefill_seconds > 0 && statistics.decode_seconds > 0);
    CHECK(fabs(statistics.tokens_per_second * statistics.decode_seconds - 5) < 1e-6);
    lamina_answer_free(copy);
}

static void test_messages(lamina_engine* engine) {
    const lamina_message message = {lamina_string_of("user"), lamina_string_of("hello")};
    lamina_chat_template* chat = NULL;
    OK(lamina_chat_template_parse(lamina_string_of("{{ messages[0].content }}!"), &chat));
    lamina_request request = prompt("");
    request.messages = &message;
    request.message_count = 1;
    request.max_tokens = 1;
    lamina_statistics statistics;
    lamina_answer* answer = submit(engine, &request);
    OK(lamina_answer_statistics(answer, &statistics, sizeof statistics));
    CHECK(statistics.prompt_tokens > 10); /* the model's own template */
    lamina_answer_free(answer);
    request.chat_template = chat;
    answer = submit(engine, &request);
    OK(lamina_answer_statistics(answer, &statistics, sizeof statistics));
    CHECK(statistics.prompt_tokens == 2);
    lamina_chat_template_free(chat);
    OK(lamina_answer_wait(answer));
    CHECK(reason_of(answer) == LAMINA_FINISH_MAX_TOKENS || reason_of(answer) == LAMINA_FINISH_END_TOKEN);
    lamina_answer_free(answer);
}

static void test_sampling(lamina_engine* engine) {
    lamina_sampling_params params;
    OK(lamina_sampling_params_init(&params, sizeof params));
    CHECK(params.struct_size == sizeof params && params.penalty_window == 64 && params.top_k == 40);
    CHECK(params.repetition_penalty == 1.0f && params.presence_penalty == 0.0f &&
          params.frequency_penalty == 0.0f);
    CHECK(params.top_p == 0.95f && params.min_p == 0.05f && params.temperature == 0.8f && !params.has_seed);
    CHECK(params.logit_bias == NULL && params.logit_bias_count == 0);
    lamina_sampling_params greedy;
    OK(lamina_sampling_params_init_greedy(&greedy, sizeof greedy));
    CHECK(greedy.temperature == 0.0f && greedy.top_k == 40);

    /* Equal seeds, equal tokens. */
    lamina_tokens* drawn[2] = {NULL, NULL};
    params.has_seed = true;
    params.seed = 0x123456789ABCDEFu;
    params.top_k = 0;
    params.min_p = 0.0f;
    params.top_p = 1.0f;
    lamina_request request = prompt("hello");
    request.sampling = &params;
    request.ignore_end = true;
    request.max_tokens = 8;
    for (int i = 0; i < 2; ++i) {
        lamina_answer* answer = submit(engine, &request);
        OK(lamina_answer_wait(answer));
        CHECK(reason_of(answer) == LAMINA_FINISH_MAX_TOKENS);
        OK(lamina_answer_tokens(answer, &drawn[i]));
        lamina_answer_free(answer);
    }
    CHECK(drawn[0]->count == 8 && memcmp(drawn[0]->ids, drawn[1]->ids, 8 * sizeof(lamina_token)) == 0);
    lamina_tokens_free(drawn[0]);
    lamina_tokens_free(drawn[1]);

    /* A bias decides. */
    const lamina_logit_bias bias[] = {{'q', 1000.0f}};
    greedy.logit_bias = bias;
    greedy.logit_bias_count = 1;
    request.sampling = &greedy;
    request.max_tokens = 3;
    lamina_answer* answer = submit(engine, &request);
    lamina_text* text = NULL;
    if (OK(lamina_answer_text(answer, &text))) CHECK(is_text(text, "qqq"));
    lamina_answer_free(answer);
    greedy.temperature = -1.0f;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_engine_submit(engine, &request, &answer));
    CHECK(answer == NULL);
}

static void test_stops(lamina_engine* engine) {
    struct script script = {.text = "one two three"};
    const lamina_string stop[] = {lamina_string_of("two"), lamina_string_of("never")};
    lamina_request request = prompt("x");
    request.on_logits = write_script;
    request.on_logits_user = &script;
    request.stop = stop;
    request.stop_count = 2;
    request.report_chosen_logprob = true;
    lamina_answer* answer = submit(engine, &request);
    lamina_text* text = NULL;
    if (OK(lamina_answer_text(answer, &text))) CHECK(is_text(text, "one "));
    CHECK(reason_of(answer) == LAMINA_FINISH_STOP_STRING);
    lamina_piece* piece = NULL;
    OK(lamina_answer_next(answer, &piece));
    CHECK(piece != NULL && piece->logprob_count == piece->token_count && piece->logprobs[0].count == 1);
    lamina_piece_free(piece);
    lamina_answer_free(answer);
}

static void test_full(lamina_engine* engine) {
    lamina_request request = prompt("hello");
    request.ignore_end = true;
    lamina_answer* answer = submit(engine, &request);
    OK(lamina_answer_wait(answer));
    CHECK(reason_of(answer) == LAMINA_FINISH_CONTEXT_FULL);
    lamina_answer_free(answer);
    request.when_full = LAMINA_WHEN_FULL_SHIFT;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_engine_submit(engine, &request, &answer));
    request.max_tokens = 140;
    request.keep = 1;
    answer = submit(engine, &request);
    OK(lamina_answer_wait(answer));
    CHECK(reason_of(answer) == LAMINA_FINISH_MAX_TOKENS);
    lamina_answer_free(answer);
    request.when_full = 9;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_engine_submit(engine, &request, &answer));
}

static void test_callback_errors(lamina_engine* engine) {
    struct script script = {.text = "abcdef"};
    struct pieces pieces = {.answer = LAMINA_CANCELLED};
    lamina_request request = prompt("x");
    request.on_logits = write_script;
    request.on_logits_user = &script;
    request.on_piece = take_piece;
    request.on_piece_user = &pieces;
    lamina_answer* answer = submit(engine, &request);
    OK(lamina_answer_wait(answer));
    CHECK(reason_of(answer) == LAMINA_FINISH_CANCELLED && pieces.count == 1);
    lamina_answer_free(answer);

    pieces = (struct pieces){.answer = LAMINA_IO};
    answer = submit(engine, &request);
    lamina_text* text = NULL;
    lamina_error error = lamina_answer_text(answer, &text), failure;
    CHECK(error.code == LAMINA_IO && equal(error.subject, "on_piece") && equal(error.found, "io"));
    CHECK(text == NULL && reason_of(answer) == LAMINA_FINISH_FAILED);
    OK(lamina_answer_error(answer, &failure));
    CHECK(failure.code == LAMINA_IO && equal(failure.text, error.text.data));
    lamina_answer_free(answer);
    CHECK(equal(failure.subject, "on_piece")); /* an error outlives what it came from */
    lamina_error_free(&error);
    lamina_error_free(&failure);

    script = (struct script){.text = "abc", .answer = LAMINA_UNSUPPORTED};
    answer = submit(engine, &request);
    lamina_piece* piece = NULL;
    FAILS(LAMINA_UNSUPPORTED, lamina_answer_next(answer, &piece));
    CHECK(piece == NULL && script.calls == 1);
    lamina_answer_free(answer);
}

void test_engine(const char* model_path) {
    lamina_model* model = load(model_path);
    lamina_engine* engine = NULL;
    if (!OK(lamina_engine_create(model, NULL, &engine))) return;
    lamina_model_free(model); /* the engine keeps it */
    test_stream(engine);
    test_messages(engine);
    test_sampling(engine);
    test_stops(engine);
    test_full(engine);
    test_callback_errors(engine);
    lamina_engine_free(engine);
}
