#include "conversation.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "answer_json.hpp"
#include "files.hpp"
#include "signals.hpp"
#include "terminal.hpp"

namespace lamina::cli {
namespace {

[[noreturn]] void wrong_file(const std::string& path, const std::string& expected, const std::string& found) {
    throw Error(ErrorCode::bad_file, ErrorDetails{.file = path, .expected = expected, .found = found});
}

Message read_message(const std::string& path, const nlohmann::ordered_json& item) {
    const auto has_text = [&](const char* name) { return item.contains(name) && item[name].is_string(); };
    if (!has_text("role") || !has_text("content"))
        wrong_file(path, "objects with the strings role and content", "other JSON");
    return {.role = item["role"], .content = item["content"]};
}

}  // namespace

Conversation::Conversation(const Model& model, ConversationOptions options)
    : model_(model), options_(std::move(options)), engine_(model) {
    (void)model.tokenizer();  // a model without one cannot chat: say so now
    if (!options_.chat_template && !model.chat_template()) {
        remark("lamina: this model has no chat template: using ChatML (--template FILE for another)");
        options_.chat_template = std::make_shared<const ChatTemplate>(ChatTemplate::chatml());
        end_of_turn_ = "<|im_end|>";  // to a model that was not trained on ChatML this is text, no token
    }
    clear();
}

FinishReason Conversation::ask(const std::string& text) {
    messages_.push_back({.role = "user", .content = text});
    try {
        return answer();
    } catch (...) {
        messages_.pop_back();
        throw;
    }
}

FinishReason Conversation::retry() {
    const std::vector<Message> before = messages_;
    if (!messages_.empty() && messages_.back().role == "assistant") messages_.pop_back();
    if (messages_.empty() || messages_.back().role != "user") {
        messages_ = before;
        throw Error(ErrorCode::invalid_argument,
                    ErrorDetails{.subject = "/retry", .expected = "a question", .found = "none asked yet"});
    }
    try {
        return answer();
    } catch (...) {
        messages_ = before;
        throw;
    }
}

void Conversation::clear() {
    messages_.clear();
    if (!options_.system.empty()) messages_.push_back({.role = "system", .content = options_.system});
}

void Conversation::set_system(const std::string& text) {
    options_.system = text;
    clear();
}

void Conversation::save(const std::string& path) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const Message& message : messages_)
        all.push_back({{"role", message.role}, {"content", message.content}});
    write_text(path, all.dump(2) + "\n", path == own_file_ ? Overwrite::yes : Overwrite::no);
    own_file_ = path;
}

void Conversation::load(const std::string& path) {
    const nlohmann::ordered_json all = read_cases(path);
    std::vector<Message> messages;
    for (const nlohmann::ordered_json& item : all) messages.push_back(read_message(path, item));
    messages_ = std::move(messages);
    options_.system = begins_with_system() ? messages_.front().content : "";
    own_file_ = path;
}

FinishReason Conversation::answer() {
    Request request;
    request.messages = messages_;
    request.chat_template = options_.chat_template;
    request.max_tokens = options_.max_tokens;
    options_.answer.apply(request);
    if (!end_of_turn_.empty()) request.stop.push_back(end_of_turn_);
    std::string text;
    request.on_piece = [&](const Piece& piece) {
        text += piece.text;
        return options_.json || print_piece(piece.text);
    };
    Answer answer = engine_.submit(std::move(request));
    while (!answer.finished()) {
        if (interrupted()) answer.cancel();
        engine_.step();
    }
    print_answer(answer, text);
    require_output();
    if (const std::exception_ptr error = answer.error()) std::rethrow_exception(error);
    messages_.push_back({.role = "assistant", .content = text});
    report(answer);
    return answer.finish_reason();
}

void Conversation::print_answer(const Answer& answer, const std::string& text) const {
    if (options_.json && !answer.error()) print_piece(dump(answer_json(answer, text)));
    if (!options_.json || !answer.error()) print_piece("\n");
}

void Conversation::report(const Answer& answer) const {
    const FinishReason reason = answer.finish_reason();
    if (reason == FinishReason::context_full) {
        remark(fmt::format("lamina: the context of {} tokens is full; {}", model_.options().context,
                           after_full_context));
    } else if (reason == FinishReason::max_tokens) {
        remark(fmt::format("lamina: stopped after {} tokens (-n N for more)", options_.max_tokens));
    }
    if (!is_terminal(stdout) || !is_terminal(stderr)) return;
    const Statistics statistics = answer.statistics();
    remark(fmt::format("{} tokens, {:.1f} tokens/s{}", statistics.generated_tokens,
                       statistics.tokens_per_second(), reason == FinishReason::cancelled ? ", stopped" : ""));
}

}  // namespace lamina::cli
