#include "check.h"
#include "parts.h"

struct rows {
    size_t count, items[8], tokens[8];
    float first[8]; /* the logit of token 0 in each row */
    lamina_error_code answer;
};

static lamina_error_code take_row(void* user, size_t item, size_t token, const float* logits,
                                  size_t vocabulary) {
    struct rows* rows = user;
    CHECK(vocabulary == 264 && rows->count < 8);
    rows->items[rows->count] = item;
    rows->tokens[rows->count] = token;
    rows->first[rows->count++] = logits[0];
    return rows->answer;
}

static lamina_session* open_session(const char* path) {
    lamina_model* model = NULL;
    lamina_session* session = NULL;
    lamina_model_options options;
    OK(lamina_model_options_init(&options, sizeof options));
    options.context = 128;
    options.sequences = 2;
    options.batch_tokens = 4;
    options.backend = "reference";
    options.threads = 1; /* quick on a busy machine */
    OK(lamina_model_load(path, &options, &model));
    OK(lamina_session_create(model, &session));
    lamina_model_free(model); /* the session keeps it */
    return session;
}

static uint32_t length_of(const lamina_session* session, lamina_sequence_id sequence) {
    uint32_t length = 0;
    OK(lamina_session_length(session, sequence, &length));
    return length;
}

static void test_rows(lamina_session* session, lamina_sequence_id a, lamina_sequence_id b) {
    const lamina_token tokens[] = {3, 1, 4, 1, 5, 9};
    const lamina_sequence_tokens items[] = {{tokens, 6, a, LAMINA_LOGITS_LAST},
                                            {tokens, 2, b, LAMINA_LOGITS_ALL}};
    struct rows rows = {0};
    OK(lamina_session_forward(session, items, 2, take_row, &rows));
    CHECK(rows.count == 3);
    CHECK(rows.items[0] == 0 && rows.tokens[0] == 5);
    CHECK(rows.items[1] == 1 && rows.tokens[1] == 0 && rows.items[2] == 1 && rows.tokens[2] == 1);
    CHECK(length_of(session, a) == 6 && length_of(session, b) == 2);

    /* The same again after forgetting: the same logits. */
    OK(lamina_session_truncate(session, a, 5));
    CHECK(length_of(session, a) == 5);
    const lamina_sequence_tokens again = {tokens + 5, 1, a, LAMINA_LOGITS_LAST};
    struct rows second = {0};
    OK(lamina_session_forward(session, &again, 1, take_row, &second));
    CHECK(second.count == 1 && second.first[0] == rows.first[0]);
    const lamina_sequence_tokens silent = {tokens, 1, a, LAMINA_LOGITS_NONE};
    OK(lamina_session_forward(session, &silent, 1, NULL, NULL));
    CHECK(length_of(session, a) == 7);
}

static void test_refused(lamina_session* session, lamina_sequence_id a) {
    const lamina_token tokens[] = {1, 2}, bad[] = {-1};
    lamina_sequence_tokens item = {bad, 1, a, LAMINA_LOGITS_LAST};
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_session_forward(session, &item, 1, NULL, NULL));
    item = (lamina_sequence_tokens){NULL, 3, a, LAMINA_LOGITS_LAST};
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_session_forward(session, &item, 1, NULL, NULL));
    item = (lamina_sequence_tokens){tokens, 2, a, 3};
    lamina_error error = lamina_session_forward(session, &item, 1, NULL, NULL);
    CHECK(error.code == LAMINA_INVALID_ARGUMENT && equal(error.subject, "items[0].logits"));
    lamina_error_free(&error);
    item = (lamina_sequence_tokens){tokens, 2, 4711, LAMINA_LOGITS_LAST};
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_session_forward(session, &item, 1, NULL, NULL));
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_session_close(session, 4711));
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_session_truncate(session, a, 1000));
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_session_forward(session, NULL, 1, NULL, NULL));
    OK(lamina_session_forward(session, NULL, 0, NULL, NULL));

    struct rows rows = {.answer = LAMINA_CANCELLED};
    item = (lamina_sequence_tokens){tokens, 2, a, LAMINA_LOGITS_ALL};
    error = lamina_session_forward(session, &item, 1, take_row, &rows);
    CHECK(error.code == LAMINA_CANCELLED && equal(error.subject, "sink") && rows.count == 1);
    lamina_error_free(&error);
    rows = (struct rows){0};
    OK(lamina_session_forward(session, &item, 1, take_row, &rows)); /* it goes on */
    CHECK(rows.count == 2);
}

void test_session(const char* model_path) {
    lamina_session* session = open_session(model_path);
    if (session == NULL) return;
    lamina_sequence_id a = 0, b = 0, c = 0;
    OK(lamina_session_open(session, &a));
    OK(lamina_session_open(session, &b));
    CHECK(a != b && length_of(session, a) == 0);
    FAILS(LAMINA_OUT_OF_MEMORY, lamina_session_open(session, &c));
    test_rows(session, a, b);
    test_refused(session, a);
    OK(lamina_session_close(session, b));
    OK(lamina_session_open(session, &c));
    lamina_session_free(session);
}
