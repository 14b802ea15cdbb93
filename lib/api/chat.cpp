#include "lamina/chat.hpp"

#include <nlohmann/json.hpp>

#include "lamina/error.hpp"
#include "text/template.hpp"
#include "text/tokenizer.hpp"

namespace lamina {
namespace {

constexpr std::string_view chatml_source =
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

// What a template reads, as JSON. Throws invalid_argument where a message is no UTF-8.
std::string to_json(const std::vector<Message>& messages, const RenderOptions& options) {
    nlohmann::ordered_json input;
    input["messages"] = nlohmann::ordered_json::array();
    for (const auto& message : messages)
        input["messages"].push_back({{"role", message.role}, {"content", message.content}});
    input["add_generation_prompt"] = options.add_generation_prompt;
    input["bos_token"] = options.bos_token;
    input["eos_token"] = options.eos_token;
    try {
        return input.dump();
    } catch (const nlohmann::json::exception&) {
        throw Error(ErrorCode::invalid_argument, ErrorDetails{.area = "chat",
                                                              .subject = "messages",
                                                              .expected = "UTF-8 text",
                                                              .found = "bytes that are no UTF-8"});
    }
}

}  // namespace

ChatTemplate ChatTemplate::parse(std::string_view source) {
    return ChatTemplate(std::make_shared<const text::Template>(std::string(source)));
}

ChatTemplate ChatTemplate::chatml() { return parse(chatml_source); }

std::string ChatTemplate::render(const std::vector<Message>& messages, const RenderOptions& options) const {
    return impl_->render(to_json(messages, options), options.now).text;
}

std::string ChatTemplate::render_json(std::string_view json, std::string_view now) const {
    return impl_->render(json, now).text;
}

std::vector<TokenId> ChatTemplate::encode(const Tokenizer& tokenizer, const std::vector<Message>& messages,
                                          const RenderOptions& options) const {
    return tokenizer.impl().encode(impl_->render(to_json(messages, options), options.now));
}

const std::string& ChatTemplate::source() const { return impl_->source(); }

}  // namespace lamina
