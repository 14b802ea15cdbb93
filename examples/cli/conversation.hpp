// What was said so far, and the model that answers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lamina/lamina.hpp"
#include "options.hpp"

namespace lamina::cli {

// What helps a person whose context is full.
inline constexpr const char* after_full_context = "/clear begins anew, --context N gives more room";

struct ConversationOptions {
    std::string system = {};
    std::shared_ptr<const ChatTemplate> chat_template = {};  // none: the model's own, else ChatML
    std::uint32_t max_tokens = 1024;
    bool json = false;  // each answer as one JSON object instead of as it comes
    AnswerOptions answer = {};
};

class Conversation {
  public:
    // Throws Error unsupported where the model has no vocabulary.
    Conversation(const Model& model, ConversationOptions options);

    // Says `text` to the model and prints the answer. A question that fails is forgotten, so that one can go
    // on. Throws the answer's Error, or io where it cannot be printed.
    FinishReason ask(const std::string& text);
    // Asks the last question once more. Throws invalid_argument where there is none.
    FinishReason retry();

    void clear();  // all but the system message
    void set_system(const std::string& text);
    const std::string& system() const { return options_.system; }
    const std::vector<Message>& messages() const { return messages_; }

    // An array of {"role", "content"}. save() overwrites only what this conversation wrote or read; both
    // throw Error io or bad_file.
    void save(const std::string& path);
    void load(const std::string& path);

  private:
    FinishReason answer();
    void print_answer(const Answer& answer, const std::string& text) const;
    void report(const Answer& answer) const;
    bool begins_with_system() const { return !messages_.empty() && messages_.front().role == "system"; }

    Model model_;
    ConversationOptions options_;
    Engine engine_;
    std::string end_of_turn_;  // of a template that the model was not trained on; empty: none
    std::vector<Message> messages_;
    std::string own_file_;
};

}  // namespace lamina::cli
