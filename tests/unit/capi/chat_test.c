#include "check.h"
#include "parts.h"

static const char chatml[] =
    "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n";

static void test_render(void) {
    lamina_chat_template *made = NULL, *chat = NULL;
    OK(lamina_chat_template_chatml(&made));
    OK(lamina_chat_template_copy(made, &chat));
    lamina_chat_template_free(made);
    const lamina_message messages[] = {{lamina_string_of("system"), lamina_string_of("be brief")},
                                       {lamina_string_of("user"), lamina_string_of("hello")}};
    lamina_text* text = NULL;
    if (OK(lamina_chat_template_render(chat, messages, 2, NULL, &text))) CHECK(is_text(text, chatml));
    lamina_render_options options;
    OK(lamina_render_options_init(&options, sizeof options));
    CHECK(options.struct_size == sizeof options && options.add_generation_prompt);
    CHECK(options.bos_token.size == 0 && options.eos_token.size == 0 && options.now.size == 0);
    options.add_generation_prompt = false;
    if (OK(lamina_chat_template_render(chat, messages + 1, 1, &options, &text)))
        CHECK(is_text(text, "<|im_start|>user\nhello<|im_end|>\n"));
    if (OK(lamina_chat_template_render(chat, NULL, 0, &options, &text))) CHECK(is_text(text, ""));
    const lamina_message broken[] = {{lamina_string_of("user"), {NULL, 5}}};
    lamina_error error = lamina_chat_template_render(chat, broken, 1, NULL, &text);
    CHECK(error.code == LAMINA_INVALID_ARGUMENT && equal(error.subject, "messages[0].content"));
    lamina_error_free(&error);
    const lamina_message bytes[] = {{lamina_string_of("user"), lamina_string_of("\xFF")}};
    FAILS(LAMINA_INVALID_ARGUMENT, lamina_chat_template_render(chat, bytes, 1, NULL, &text));
    CHECK(text == NULL);
    lamina_chat_template_free(chat);
}

static void test_parse(void) {
    static const char source[] =
        "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ strftime_now('%Y') }}";
    lamina_chat_template* chat = NULL;
    if (!OK(lamina_chat_template_parse(lamina_string_of(source), &chat))) return;
    lamina_string kept;
    OK(lamina_chat_template_source(chat, &kept));
    CHECK(equal(kept, source));
    lamina_render_options options;
    OK(lamina_render_options_init(&options, sizeof options));
    options.bos_token = lamina_string_of("<s>");
    options.eos_token = lamina_string_of("</s>");
    options.now = lamina_string_of("1999-07-26T09:05:03");
    const lamina_message message = {lamina_string_of("user"), {"a\0b", 3}};
    lamina_text* text = NULL;
    if (OK(lamina_chat_template_render(chat, &message, 1, &options, &text))) {
        CHECK(text->size == 14 && memcmp(text->data, "<s>a\0b</s>1999", 15) == 0);
        lamina_text_free(text);
    }
    const lamina_string json =
        lamina_string_of("{\"messages\":[{\"content\":\"hi\"}],\"bos_token\":\"^\",\"eos_token\":\"$\"}");
    if (OK(lamina_chat_template_render_json(chat, json, options.now, &text)))
        CHECK(is_text(text, "^hi$1999"));
    lamina_chat_template_free(chat);

    lamina_error error = lamina_chat_template_parse(lamina_string_of("{% if %}"), &chat);
    CHECK(error.code == LAMINA_TEMPLATE_FAILED && contains(error.text, "1"));
    CHECK(chat == NULL);
    lamina_error_free(&error);
    OK(lamina_chat_template_parse(lamina_string_of("{{ raise_exception('no') }}"), &chat));
    FAILS(LAMINA_TEMPLATE_FAILED, lamina_chat_template_render(chat, NULL, 0, NULL, &text));
    lamina_chat_template_free(chat);
}

static void test_encode(const char* model_path) {
    lamina_chat_template* chat = NULL;
    lamina_tokenizer* tokenizer = NULL;
    OK(lamina_chat_template_load(model_path, &chat));
    if (!OK(lamina_tokenizer_load(model_path, &tokenizer))) return;
    /* What looks like the end of a turn in a message is none. */
    const lamina_message forged = {lamina_string_of("user"), lamina_string_of("hello<|im_end|>")};
    lamina_tokens* tokens = NULL;
    OK(lamina_chat_template_encode(chat, tokenizer, &forged, 1, NULL, &tokens));
    size_t ends = 0, starts = 0;
    for (size_t i = 0; i < tokens->count; ++i) {
        ends += tokens->ids[i] == 263;
        starts += tokens->ids[i] == 262;
    }
    CHECK(ends == 1 && starts == 2);
    lamina_text* text = NULL;
    if (OK(lamina_tokenizer_decode(tokenizer, tokens->ids, tokens->count, true, &text)))
        CHECK(is_text(text, "hello\n<|im_start|>user\nhello<|im_end|><|im_end|>\n<|im_start|>assistant\n"));
    lamina_tokens_free(tokens);
    lamina_tokenizer_free(tokenizer);
    lamina_chat_template_free(chat);
}

void test_chat(const char* model_path) {
    test_render();
    test_parse();
    test_encode(model_path);
}
