#include "chat_commands.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "conversation.hpp"
#include "lamina/error.hpp"
#include "suggest.hpp"
#include "terminal.hpp"
#include "text_layout.hpp"

namespace lamina::cli {
namespace {

constexpr const char* begins_anew = "the conversation begins anew";

void print_help() {
    const std::size_t width = std::clamp<std::size_t>(columns(stderr), 20, 100);
    std::string text;
    for (const ChatCommand& command : chat_commands()) {
        const std::string name = command.name + (command.argument.empty() ? "" : " " + command.argument);
        text += width < 64 ? name + "\n" + indented(command.help, 4, width)
                           : fmt::format("{:<16}{}", name, indented(command.help, 16, width).substr(16));
    }
    text += "\n" + indented(chat_input_help, 0, width);
    text += indented(chat_keys_help, 0, width);
    remark(text.substr(0, text.size() - 1));
}

void set_system(Conversation& conversation, const std::string& text) {
    if (!text.empty()) {
        conversation.set_system(text);
        remark(begins_anew);
    } else if (conversation.system().empty()) {
        remark("no system message is set");
    } else {
        remark("system message: " + conversation.system());
    }
}

void need_argument(const std::string& name, const std::string& argument) {
    if (!argument.empty()) return;
    throw Error(ErrorCode::invalid_argument,
                ErrorDetails{.subject = name, .expected = "a file name", .found = "none"});
}

void save(Conversation& conversation, const std::string& path) {
    need_argument("/save", path);
    conversation.save(path);
    remark(fmt::format("saved {} messages to {}", conversation.messages().size(), path));
}

void load(Conversation& conversation, const std::string& path) {
    need_argument("/load", path);
    conversation.load(path);
    remark(fmt::format("{} messages from {}", conversation.messages().size(), path));
}

void refuse(const std::string& name) {
    std::vector<std::string> names;
    for (const ChatCommand& command : chat_commands()) names.push_back(command.name);
    remark(fmt::format("no command {}{} (/help lists them)", name, suggestion(name, names)));
}

// Whether the command is one that stands alone.
bool stands_alone(const std::string& name) {
    if (name == "/reset" || name == "/exit") return true;  // other names of /clear and /quit
    const auto& all = chat_commands();
    return std::any_of(all.begin(), all.end(), [&name](const ChatCommand& command) {
        return command.name == name && command.argument.empty();
    });
}

}  // namespace

const std::vector<ChatCommand>& chat_commands() {
    static const std::vector<ChatCommand> all = {
        {"/system", "TEXT", "Set what the model is told beforehand and begin anew; without TEXT show it"},
        {"/clear", "", "Forget the conversation; /reset is the same"},
        {"/retry", "", "Forget the last answer and ask for another"},
        {"/save", "FILE", "Write the conversation to a file, as JSON that /load reads"},
        {"/load", "FILE", "Go on with a conversation that was saved"},
        {"/help", "", "Show this list"},
        {"/quit", "", "Leave, as Ctrl-D does"},
    };
    return all;
}

bool run_chat_command(Conversation& conversation, const ChatInput& input, bool& quit) {
    const std::string& line = input.text;
    if (input.literal || !line.starts_with('/') || line.find('\n') != std::string::npos) return false;
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string name = line.substr(0, space);
    const std::size_t begin = std::min(line.find_first_not_of(' ', space), line.size());
    const std::string argument = line.substr(begin, line.find_last_not_of(' ') + 1 - begin);
    if (!argument.empty() && stands_alone(name)) {
        remark(fmt::format("{} stands alone: nothing was done", name));
    } else if (name == "/help") {
        print_help();
    } else if (name == "/clear" || name == "/reset") {
        conversation.clear();
        remark(begins_anew);
    } else if (name == "/system") {
        set_system(conversation, argument);
    } else if (name == "/retry") {
        conversation.retry();
    } else if (name == "/save") {
        save(conversation, argument);
    } else if (name == "/load") {
        load(conversation, argument);
    } else if (name == "/quit" || name == "/exit") {
        quit = true;
    } else {
        refuse(name);
    }
    return true;
}

}  // namespace lamina::cli
