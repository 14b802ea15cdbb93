#include "check.h"
#include "parts.h"

enum { START = 262, END = 263 };

static bool same(const lamina_tokens* tokens, const lamina_token* ids, size_t count) {
    return tokens->count == count && memcmp(tokens->ids, ids, count * sizeof *ids) == 0;
}

static void test_encode(const lamina_tokenizer* tokenizer) {
    lamina_tokens* tokens = NULL;
    /* "hello" is one merged token, the last of them. */
    const lamina_token hello[] = {261, '!'};
    OK(lamina_tokenizer_encode(tokenizer, lamina_string_of("hello!"), false, &tokens));
    CHECK(same(tokens, hello, 2));
    lamina_tokens_free(tokens);
    OK(lamina_tokenizer_encode(tokenizer, lamina_string_of("<|im_start|>x"), false, &tokens));
    CHECK(tokens->count > 2);
    lamina_tokens_free(tokens);
    const lamina_token control[] = {START, 'x'};
    OK(lamina_tokenizer_encode(tokenizer, lamina_string_of("<|im_start|>x"), true, &tokens));
    CHECK(same(tokens, control, 2));
    lamina_tokens_free(tokens);
    const lamina_string nul = {"a\0b", 3};
    const lamina_token with_nul[] = {'a', 0, 'b'};
    OK(lamina_tokenizer_encode(tokenizer, nul, false, &tokens));
    CHECK(same(tokens, with_nul, 3));
    lamina_text* text = NULL;
    OK(lamina_tokenizer_decode(tokenizer, tokens->ids, tokens->count, false, &text));
    CHECK(text->size == 3 && memcmp(text->data, "a\0b", 4) == 0);
    lamina_text_free(text);
    lamina_tokens_free(tokens);
    const lamina_string nothing = {NULL, 0};
    OK(lamina_tokenizer_encode(tokenizer, nothing, false, &tokens));
    CHECK(tokens->count == 0);
    lamina_tokens_free(tokens);
}

static void test_decode(const lamina_tokenizer* tokenizer) {
    const lamina_token ids[] = {START, 261, 0xE4, END};
    lamina_text* text = NULL;
    if (OK(lamina_tokenizer_decode(tokenizer, ids, 4, false, &text)))
        CHECK(is_text(text, "hello\xEF\xBF\xBD"));
    if (OK(lamina_tokenizer_decode(tokenizer, ids, 2, true, &text)))
        CHECK(is_text(text, "<|im_start|>hello"));
    if (OK(lamina_tokenizer_decode(tokenizer, NULL, 0, true, &text))) CHECK(is_text(text, ""));
    const lamina_token bad[] = {264};
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_tokenizer_decode(tokenizer, bad, 1, false, &text));
    CHECK(text == NULL);
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_tokenizer_decode(tokenizer, ids, (size_t)-1, false, &text));
    if (OK(lamina_tokenizer_piece(tokenizer, 0xE4, &text))) CHECK(is_text(text, "\xE4"));
    if (OK(lamina_tokenizer_piece(tokenizer, END, &text))) CHECK(is_text(text, "<|im_end|>"));
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_tokenizer_piece(tokenizer, -1, &text));
}

static void test_vocabulary(const lamina_tokenizer* tokenizer) {
    uint32_t size = 0;
    lamina_token id = 0;
    bool yes = false;
    OK(lamina_tokenizer_size(tokenizer, &size));
    CHECK(size == 264);
    OK(lamina_tokenizer_find(tokenizer, lamina_string_of("<|im_end|>"), &id));
    CHECK(id == END);
    OK(lamina_tokenizer_find(tokenizer, lamina_string_of("no such token"), &id));
    CHECK(id == -1);
    OK(lamina_tokenizer_bos(tokenizer, &id));
    CHECK(id == -1);
    OK(lamina_tokenizer_eos(tokenizer, &id));
    CHECK(id == END);
    OK(lamina_tokenizer_ends_generation(tokenizer, END, &yes));
    CHECK(yes);
    OK(lamina_tokenizer_ends_generation(tokenizer, 'a', &yes));
    CHECK(!yes);
    OK(lamina_tokenizer_is_control(tokenizer, START, &yes));
    CHECK(yes);
    OK(lamina_tokenizer_is_control(tokenizer, 'a', &yes));
    CHECK(!yes);
}

static void test_detokenizer(const lamina_tokenizer* tokenizer) {
    lamina_detokenizer* stream = NULL;
    lamina_text* text = NULL;
    OK(lamina_detokenizer_create(tokenizer, false, &stream));
    const lamina_token character[] = {0xE4, 0xB8, 0xAD};
    for (int i = 0; i < 3; ++i) {
        if (OK(lamina_detokenizer_push(stream, character[i], &text)))
            CHECK(is_text(text, i < 2 ? "" : "\xE4\xB8\xAD"));
    }
    OK(lamina_detokenizer_push(stream, 0xE4, &text));
    lamina_text_free(text);
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_detokenizer_push(stream, 264, &text));
    if (OK(lamina_detokenizer_flush(stream, &text))) CHECK(is_text(text, "\xEF\xBF\xBD"));
    lamina_detokenizer_free(stream);
}

void test_tokenizer(const char* model_path) {
    lamina_tokenizer *loaded = NULL, *tokenizer = NULL;
    if (!OK(lamina_tokenizer_load(model_path, &loaded))) return;
    OK(lamina_tokenizer_copy(loaded, &tokenizer));
    lamina_tokenizer_free(loaded);
    test_encode(tokenizer);
    test_decode(tokenizer);
    test_vocabulary(tokenizer);
    test_detokenizer(tokenizer);
    lamina_tokenizer_free(tokenizer);
    FAILS(LAMINA_IO, lamina_tokenizer_load("/nowhere", &tokenizer));
    CHECK(tokenizer == NULL);
}
