#include <math.h>

#include "check.h"
#include "parts.h"

enum { WIDTH = 64 };

static lamina_model* load(const char* path) {
    lamina_model* model = NULL;
    lamina_model_options options;
    OK(lamina_model_options_init(&options, sizeof options));
    options.context = 128;
    options.sequences = 2;
    options.batch_tokens = 4;
    options.backend = "reference";
    options.threads = 1; /* quick on a busy machine */
    OK(lamina_model_load(path, &options, &model));
    return model;
}

static lamina_embed_options with(lamina_pooling pooling, bool normalise) {
    lamina_embed_options options;
    OK(lamina_embed_options_init(&options, sizeof options));
    options.pooling = pooling;
    options.normalise = normalise;
    return options;
}

static double length_of(const float* values) {
    double square = 0;
    for (int i = 0; i < WIDTH; ++i) square += (double)values[i] * (double)values[i];
    return sqrt(square);
}

static void test_defaults(const lamina_model* model) {
    lamina_embed_options options;
    memset(&options, 0xAB, sizeof options);
    OK(lamina_embed_options_init(&options, sizeof options));
    CHECK(options.struct_size == sizeof options);
    CHECK(options.pooling == LAMINA_POOLING_MEAN && options.normalise);
    const lamina_string text = lamina_string_of("hello");
    float by_default[WIDTH], explicitly[WIDTH];
    OK(lamina_model_embed_texts(model, &text, 1, NULL, by_default, WIDTH));
    OK(lamina_model_embed_texts(model, &text, 1, &options, explicitly, WIDTH));
    CHECK(memcmp(by_default, explicitly, sizeof explicitly) == 0);
    CHECK(fabs(length_of(by_default) - 1) < 1e-5);
}

/* Three texts on two sequences, in steps of four tokens. */
static void test_tokens(const lamina_model* model) {
    const lamina_token tokens[] = {5, 9, 200, 31, 7, 8, 1, 3};
    const lamina_token_ids texts[] = {{tokens, 8}, {tokens, 2}, {tokens, 1}};
    float together[3 * WIDTH], alone[WIDTH], mean[WIDTH];
    lamina_embed_options options = with(LAMINA_POOLING_LAST, false);
    OK(lamina_model_embed_tokens(model, texts, 3, &options, together, 3 * WIDTH));
    for (int i = 0; i < 3; ++i) {
        OK(lamina_model_embed_tokens(model, &texts[i], 1, &options, alone, WIDTH));
        for (int d = 0; d < WIDTH; ++d) CHECK(fabsf(together[i * WIDTH + d] - alone[d]) < 1e-5f);
    }
    options.pooling = LAMINA_POOLING_MEAN;
    OK(lamina_model_embed_tokens(model, &texts[1], 1, &options, mean, WIDTH));
    for (int d = 0; d < WIDTH; ++d)
        CHECK(fabsf(mean[d] - (together[WIDTH + d] + together[2 * WIDTH + d]) / 2) < 1e-5f);
    const double length = length_of(mean);
    options.normalise = true;
    OK(lamina_model_embed_tokens(model, &texts[1], 1, &options, alone, WIDTH));
    for (int d = 0; d < WIDTH; ++d) CHECK(fabs((double)alone[d] - (double)mean[d] / length) < 1e-5);
    OK(lamina_model_embed_tokens(model, NULL, 0, NULL, NULL, 0));
}

static void test_texts(const lamina_model* model) {
    const lamina_string texts[] = {lamina_string_of("hello!"), {"a\0b", 3}};
    const lamina_token hello[] = {261, '!'}, with_nul[] = {'a', 0, 'b'};
    const lamina_token_ids tokens[] = {{hello, 2}, {with_nul, 3}};
    float of_texts[2 * WIDTH], of_tokens[2 * WIDTH];
    OK(lamina_model_embed_texts(model, texts, 2, NULL, of_texts, 2 * WIDTH));
    OK(lamina_model_embed_tokens(model, tokens, 2, NULL, of_tokens, 2 * WIDTH));
    CHECK(memcmp(of_texts, of_tokens, sizeof of_texts) == 0);
}

static void test_refused(const lamina_model* model) {
    const lamina_token good[] = {1, 2}, bad[] = {264};
    lamina_token_ids text = {good, 2};
    float values[2 * WIDTH] = {7};
    lamina_error error = lamina_model_embed_tokens(model, &text, 1, NULL, values, WIDTH + 1);
    CHECK(error.code == LAMINA_INVALID_ARGUMENT && equal(error.subject, "value_count"));
    CHECK(equal(error.expected, "1 x 64") && equal(error.found, "65"));
    lamina_error_free(&error);
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_embed_tokens(model, &text, 1, NULL, values, 2 * WIDTH));
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_embed_tokens(model, &text, 1, NULL, values, (size_t)-64));
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_embed_tokens(model, &text, (size_t)-1, NULL, values, WIDTH));
    const lamina_token_ids holed[] = {{good, 2}, {NULL, 1}};
    error = lamina_model_embed_tokens(model, holed, 2, NULL, values, 2 * WIDTH);
    CHECK(error.code == LAMINA_INVALID_ARGUMENT && equal(error.subject, "texts[1].ids"));
    lamina_error_free(&error);
    text.count = 0;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_embed_tokens(model, &text, 1, NULL, values, WIDTH));
    const lamina_token_ids outside = {bad, 1};
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_embed_tokens(model, &outside, 1, NULL, values, WIDTH));
    lamina_token many[129] = {0};
    const lamina_token_ids longer = {many, 129};
    FAILS(LAMINA_CONTEXT_FULL, lamina_model_embed_tokens(model, &longer, 1, NULL, values, WIDTH));
    CHECK(values[0] == 7.0f); /* nothing was written */
}

static void test_refused_options(const lamina_model* model) {
    const lamina_string text = lamina_string_of("hello");
    float values[WIDTH];
    lamina_embed_options options = with(LAMINA_POOLING_LAST + 1, true);
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_embed_texts(model, &text, 1, &options, values, WIDTH));
    options = with(LAMINA_POOLING_LAST, true);
    options.reserved[2] = 1;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_embed_texts(model, &text, 1, &options, values, WIDTH));
    options = with(LAMINA_POOLING_LAST, true);
    options.struct_size = 3;
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_model_embed_texts(model, &text, 1, &options, values, WIDTH));
}

static void test_without_vocabulary(void) {
    lamina_model* model = load(LAMINA_TEST_DATA "/tiny/llama.gguf");
    const lamina_model_info* info = NULL;
    OK(lamina_model_get_info(model, &info));
    CHECK(info->embedding == WIDTH);
    const lamina_string text = lamina_string_of("hello");
    const lamina_token id = 1;
    const lamina_token_ids tokens = {&id, 1};
    float values[WIDTH];
    FAILS(LAMINA_UNSUPPORTED, lamina_model_embed_texts(model, &text, 1, NULL, values, WIDTH));
    OK(lamina_model_embed_tokens(model, &tokens, 1, NULL, values, WIDTH));
    lamina_model_free(model);
}

void test_embeddings(const char* model_path) {
    lamina_model* model = load(model_path);
    test_defaults(model);
    test_tokens(model);
    test_texts(model);
    test_refused(model);
    test_refused_options(model);
    lamina_model_free(model);
    test_without_vocabulary();
}
