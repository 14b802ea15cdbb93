#include "lamina/chat.hpp"

#include "base/border.hpp"
#include "base/errors.hpp"
#include "base/json_text.hpp"
#include "text/template.hpp"
#include "text/tokenizer.hpp"

namespace lamina {
namespace {

constexpr std::string_view chatml_source =
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

void append(std::string& out, std::string_view text) {
    if (append_json(out, text)) return;
    Errors{"chat"}.refuse("messages", "UTF-8 text", "bytes that are no UTF-8");
}

// What a template reads, as JSON. Throws invalid_argument where a message is no UTF-8.
std::string to_json(const std::vector<Message>& messages, const RenderOptions& options) {
    std::string out = "{\"messages\":[";
    for (const auto& message : messages) {
        out += &message == messages.data() ? "{\"role\":" : ",{\"role\":";
        append(out, message.role);
        out += ",\"content\":";
        append(out, message.content);
        out += '}';
    }
    out += "],\"add_generation_prompt\":";
    out += options.add_generation_prompt ? "true" : "false";
    out += ",\"bos_token\":";
    append(out, options.bos_token);
    out += ",\"eos_token\":";
    append(out, options.eos_token);
    return out + "}";
}

}  // namespace

ChatTemplate ChatTemplate::parse(std::string_view source) try {
    return ChatTemplate(std::make_shared<const text::Template>(std::string(source)));
} catch (...) { rethrow_typed("template"); }

ChatTemplate ChatTemplate::chatml() { return parse(chatml_source); }

std::string ChatTemplate::render(const std::vector<Message>& messages, const RenderOptions& options) const
    try {
    return impl_->render(to_json(messages, options), options.now).text;
} catch (...) { rethrow_typed("template"); }

std::string ChatTemplate::render_json(std::string_view json, std::string_view now) const try {
    return impl_->render(json, now).text;
} catch (...) { rethrow_typed("template"); }

std::vector<TokenId> ChatTemplate::encode(const Tokenizer& tokenizer, const std::vector<Message>& messages,
                                          const RenderOptions& options) const try {
    return tokenizer.impl().encode(impl_->render(to_json(messages, options), options.now));
} catch (...) { rethrow_typed("template"); }

const std::string& ChatTemplate::source() const { return impl_->source(); }

}  // namespace lamina
