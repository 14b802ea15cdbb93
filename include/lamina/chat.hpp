/// @file
/// Chat templates: messages to the text that a model was trained on.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/export.h"
#include "lamina/tokenizer.hpp"

namespace lamina {

namespace text {
class Template;
}

/// One turn of a conversation.
struct Message {
    std::string role = {};     ///< who speaks: "system", "user", "assistant", "tool"
    std::string content = {};  ///< what is said; UTF-8
};

/// What a template is told besides the messages.
struct RenderOptions {
    bool add_generation_prompt = true;  ///< end with the opening of the assistant's answer
    std::string bos_token = {};         ///< what `bos_token` is in the template
    std::string eos_token = {};         ///< what `eos_token` is in the template
    /// The time of strftime_now, as "2024-07-26T09:05:03"; empty: the clock's, in local time.
    std::string now = {};
};

/// A handle to an immutable parsed template; cheap to copy, safe to use from many threads. The language is
/// the part of Jinja (https://jinja.palletsprojects.com) that published chat templates use. Rendering runs
/// under budgets (1 M steps, 16 MiB of output, depth 64, ranges of 1 M elements).
class LAMINA_API ChatTemplate {
  public:
    /// Parses Jinja source. Throws template_failed with line and column.
    static ChatTemplate parse(std::string_view source);
    /// ChatML, which many instruction-tuned models understand.
    static ChatTemplate chatml();

    /// The rendered text. Throws template_failed: raise_exception, an undefined operation, a budget.
    std::string render(const std::vector<Message>& messages, const RenderOptions& options = {}) const;
    /// The same for everything that a template may read, as a JSON object: `{"messages": [...], "tools":
    /// [...], "add_generation_prompt": true, "bos_token": "<s>", ...}`. Every member becomes a variable;
    /// `now` is as in RenderOptions. Throws invalid_argument for other JSON, template_failed.
    std::string render_json(std::string_view json, std::string_view now = {}) const;
    /// Renders and encodes. Control tokens are read only in the template's own text, never in a message's, so
    /// no message can forge a turn; ids are those of encoding the rendered text otherwise. Throws as
    /// render().
    std::vector<TokenId> encode(const Tokenizer& tokenizer, const std::vector<Message>& messages,
                                const RenderOptions& options = {}) const;

    /// The Jinja text that was parsed.
    const std::string& source() const;

    /// For the library itself.
    explicit ChatTemplate(std::shared_ptr<const text::Template> impl) : impl_(std::move(impl)) {}
    /// For the library itself.
    const text::Template& impl() const { return *impl_; }

  private:
    std::shared_ptr<const text::Template> impl_ = {};
};

}  // namespace lamina
