#include "lamina/chat.hpp"

#include <string>
#include <utility>

#include "api/c/call.hpp"
#include "api/c/convert.hpp"
#include "api/c/handles.hpp"
#include "api/c/structs.hpp"

namespace lamina::c_api {
namespace {

static_assert(ends_with<lamina_string>(offsetof(lamina_render_options, now), sizeof(lamina_render_options)));

lamina_render_options default_options() {
    const RenderOptions defaults;
    lamina_render_options out{};
    out.struct_size = sizeof out;
    out.add_generation_prompt = defaults.add_generation_prompt;
    return out;
}

}  // namespace

RenderOptions render_options(const Call& c, const lamina_render_options* given) {
    if (given == nullptr) return {};
    const auto options = read_struct(c, *given, default_options(), "options");
    RenderOptions out;
    out.add_generation_prompt = options.add_generation_prompt;
    out.bos_token = c.text(options.bos_token, "options.bos_token");
    out.eos_token = c.text(options.eos_token, "options.eos_token");
    out.now = c.text(options.now, "options.now");
    return out;
}

std::vector<Message> messages(const Call& c, const lamina_message* given, std::size_t count) {
    std::vector<Message> out;
    for (const auto& message : c.list(given, count, "messages")) {
        const std::string name = "messages[" + std::to_string(out.size()) + "]";
        out.push_back({std::string(c.text(message.role, name + ".role")),
                       std::string(c.text(message.content, name + ".content"))});
    }
    return out;
}

}  // namespace lamina::c_api

using namespace lamina;
using c_api::Call;

lamina_error lamina_render_options_init(lamina_render_options* options, size_t struct_size) {
    return c_api::call(__func__, [&](const Call& c) {
        c_api::write_struct(c, options, struct_size, c_api::default_options(), "options");
    });
}

lamina_error lamina_chat_template_parse(lamina_string source, lamina_chat_template** chat_template) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(chat_template, "chat_template");
        out = new lamina_chat_template{ChatTemplate::parse(c.text(source, "source"))};
    });
}

lamina_error lamina_chat_template_chatml(lamina_chat_template** chat_template) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(chat_template, "chat_template");
        out = new lamina_chat_template{ChatTemplate::chatml()};
    });
}

lamina_error lamina_chat_template_load(const char* path, lamina_chat_template** chat_template) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(chat_template, "chat_template");
        auto found = load_chat_template(&c.given(path, "path"));
        if (found) out = new lamina_chat_template{std::move(*found)};
    });
}

lamina_error lamina_chat_template_copy(const lamina_chat_template* chat_template,
                                       lamina_chat_template** copy) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(copy, "copy");
        out = new lamina_chat_template(c.given(chat_template, "chat_template"));
    });
}

void lamina_chat_template_free(lamina_chat_template* chat_template) { delete chat_template; }

lamina_error lamina_chat_template_render(const lamina_chat_template* chat_template,
                                         const lamina_message* messages, size_t count,
                                         const lamina_render_options* options, lamina_text** text) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(text, "text");
        const auto& self = c.given(chat_template, "chat_template").value;
        out = new c_api::TextView(
            self.render(c_api::messages(c, messages, count), c_api::render_options(c, options)));
    });
}

lamina_error lamina_chat_template_render_json(const lamina_chat_template* chat_template, lamina_string json,
                                              lamina_string now, lamina_text** text) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(text, "text");
        const auto& self = c.given(chat_template, "chat_template").value;
        out = new c_api::TextView(self.render_json(c.text(json, "json"), c.text(now, "now")));
    });
}

lamina_error lamina_chat_template_encode(const lamina_chat_template* chat_template,
                                         const lamina_tokenizer* tokenizer, const lamina_message* messages,
                                         size_t count, const lamina_render_options* options,
                                         lamina_tokens** tokens) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(tokens, "tokens");
        const auto& self = c.given(chat_template, "chat_template").value;
        const auto& vocabulary = c.given(tokenizer, "tokenizer").value;
        out = new c_api::TokensView(
            self.encode(vocabulary, c_api::messages(c, messages, count), c_api::render_options(c, options)));
    });
}

lamina_error lamina_chat_template_source(const lamina_chat_template* chat_template, lamina_string* source) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(source, "source", c_api::view(""));
        out = c_api::view(c.given(chat_template, "chat_template").value.source());
    });
}
