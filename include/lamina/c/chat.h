/**
 * @file
 * Chat templates: messages to the text that a model was trained on. Part of lamina.h, which says the rules.
 */
#ifndef LAMINA_C_CHAT_H
#define LAMINA_C_CHAT_H

#include "lamina/c/tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One turn of a conversation. */
typedef struct lamina_message {
    lamina_string role;    /**< who speaks: "system", "user", "assistant", "tool" */
    lamina_string content; /**< what is said; UTF-8 */
} lamina_message;

/** What a template is told besides the messages. */
typedef struct lamina_render_options {
    size_t struct_size;         /**< set by lamina_render_options_init */
    bool add_generation_prompt; /**< end with the opening of the assistant's answer; default: true */
    lamina_string bos_token;    /**< what `bos_token` is in the template; default: empty */
    lamina_string eos_token;    /**< what `eos_token` is in the template; default: empty */
    /** The time of strftime_now, as "2024-07-26T09:05:03"; default: empty, which is the clock's, in local
     * time. */
    lamina_string now;
} lamina_render_options;

/** Sets `struct_size` and every default. Call it with sizeof(lamina_render_options). */
LAMINA_API lamina_error lamina_render_options_init(lamina_render_options* options, size_t struct_size);

/**
 * An immutable parsed template. Many threads may use one. The language is the part of Jinja
 * (https://jinja.palletsprojects.com) that published chat templates use. Rendering runs under budgets (1 M
 * steps, 16 MiB of output, depth 64, ranges of 1 M elements).
 */
typedef struct lamina_chat_template lamina_chat_template;

/** Parses Jinja source. Fails with LAMINA_TEMPLATE_FAILED, which names line and column. */
LAMINA_API lamina_error lamina_chat_template_parse(lamina_string source,
                                                   lamina_chat_template** chat_template);

/** ChatML, which many instruction-tuned models understand. */
LAMINA_API lamina_error lamina_chat_template_chatml(lamina_chat_template** chat_template);

/**
 * The template of a model file, without loading weights; NULL where it has none. Fails with
 * LAMINA_TEMPLATE_FAILED, LAMINA_IO or LAMINA_BAD_FILE.
 */
LAMINA_API lamina_error lamina_chat_template_load(const char* path, lamina_chat_template** chat_template);

/** Another handle to the same template. */
LAMINA_API lamina_error lamina_chat_template_copy(const lamina_chat_template* chat_template,
                                                  lamina_chat_template** copy);

/** Frees the handle; NULL is allowed. */
LAMINA_API void lamina_chat_template_free(lamina_chat_template* chat_template);

/**
 * The text of `count` messages. `options` may be NULL: the defaults. Fails with LAMINA_TEMPLATE_FAILED
 * (raise_exception, an undefined operation, a budget) or LAMINA_INVALID_ARGUMENT (messages that are no
 * UTF-8).
 */
LAMINA_API lamina_error lamina_chat_template_render(const lamina_chat_template* chat_template,
                                                    const lamina_message* messages, size_t count,
                                                    const lamina_render_options* options, lamina_text** text);

/**
 * The same for everything that a template may read, as a JSON object: `{"messages": [...], "tools": [...],
 * "add_generation_prompt": true, "bos_token": "<s>", ...}`. Every member becomes a variable. `now` is as in
 * lamina_render_options.
 */
LAMINA_API lamina_error lamina_chat_template_render_json(const lamina_chat_template* chat_template,
                                                         lamina_string json, lamina_string now,
                                                         lamina_text** text);

/**
 * Renders and encodes. Control tokens are read only in the template's own text, never in a message's, so no
 * message can forge a turn; ids are those of encoding the rendered text otherwise. `options` may be NULL: the
 * defaults.
 */
LAMINA_API lamina_error lamina_chat_template_encode(const lamina_chat_template* chat_template,
                                                    const lamina_tokenizer* tokenizer,
                                                    const lamina_message* messages, size_t count,
                                                    const lamina_render_options* options,
                                                    lamina_tokens** tokens);

/** The Jinja text that was parsed; it lives as long as the handle. */
LAMINA_API lamina_error lamina_chat_template_source(const lamina_chat_template* chat_template,
                                                    lamina_string* source);

#ifdef __cplusplus
}
#endif

#endif
