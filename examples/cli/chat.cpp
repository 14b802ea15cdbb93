// lamina chat: a conversation on a terminal, from a pipe, or of one question.
#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <utility>

#include "chat_commands.hpp"
#include "commands.hpp"
#include "conversation.hpp"
#include "description.hpp"
#include "files.hpp"
#include "history.hpp"
#include "message_reader.hpp"
#include "signals.hpp"
#include "terminal.hpp"

namespace lamina::cli {
namespace {

struct Arguments {
    std::string model;
    std::string prompt;
    bool once = false;  // a prompt was given, be it empty
    std::string chat_template;
    bool no_history = false;
    AskedOptions options;
    ConversationOptions conversation;
};

int ask_once(Conversation& conversation, const std::string& text) {
    return conversation.ask(text) == FinishReason::cancelled ? status_interrupted : status_ok;
}

// The history of earlier chats. One that cannot be kept is no reason not to talk.
class ChatHistory {
  public:
    ChatHistory(LineReader& lines, bool wanted) : lines_(lines) {
        const std::string path = wanted ? history_path() : std::string();
        if (path.empty()) return;
        try {
            file_.emplace(path);
            for (const std::string& entry : file_->read()) lines_.remember(entry);
        } catch (const Error& error) { give_up(error); }
    }

    void add(const ChatInput& input) {
        if (input.text.starts_with(' ') && !input.literal) return;
        const std::string entry = as_typed(input);
        lines_.remember(entry);
        if (!file_) return;
        try {
            file_->append(entry);
        } catch (const Error& error) { give_up(error); }
    }

  private:
    void give_up(const Error& error) {
        file_.reset();
        remark(fmt::format("lamina: the history is not kept: {}", error.what()));
    }

    LineReader& lines_;
    std::optional<HistoryFile> file_;
};

// A failed question or command does not end a conversation that a person holds; it does end a script's.
void respond_on_terminal(Conversation& conversation, const ChatInput& input, bool& quit) {
    try {
        if (!run_chat_command(conversation, input, quit)) conversation.ask(input.text);
    } catch (const Error& error) {
        const bool full = error.code() == ErrorCode::context_full;
        remark(fmt::format("lamina: {}{}{}", error.what(), full ? "; " : "", full ? after_full_context : ""));
    }
    clear_interrupt();
}

int converse_on_terminal(Conversation& conversation, LineReader& lines, bool keep_history) {
    std::vector<std::string> names;
    for (const ChatCommand& command : chat_commands()) names.push_back(command.name);
    lines.complete(names);
    ChatHistory history(lines, keep_history);
    MessageReader messages(lines);
    remark("/help lists the commands, Ctrl-D leaves");
    ChatInput input;
    bool quit = false;
    bool asked_to_leave = false;  // by Ctrl-C on an empty line, and nothing was typed since
    while (!quit) {
        const LineReader::Event event = messages.read(input);
        if (event == LineReader::Event::end) return status_ok;
        if (event == LineReader::Event::interrupted) {
            clear_interrupt();
            if (asked_to_leave && !lines.touched()) return status_ok;
            asked_to_leave = true;
            remark("Ctrl-C again or Ctrl-D leaves");
            continue;
        }
        asked_to_leave = false;
        if (event == LineReader::Event::cleared) {
            clear_interrupt();
            continue;
        }
        if (input.text.empty()) continue;
        history.add(input);
        respond_on_terminal(conversation, input, quit);
    }
    return status_ok;
}

int converse_from_pipe(Conversation& conversation, LineReader& lines) {
    MessageReader messages(lines);
    ChatInput input;
    bool quit = false;
    while (!quit) {
        const LineReader::Event event = messages.read(input);
        if (interrupted()) return status_interrupted;
        if (event == LineReader::Event::end) break;
        if (input.text.empty()) continue;
        if (!run_chat_command(conversation, input, quit)) conversation.ask(input.text);
        if (interrupted()) return status_interrupted;
    }
    return status_ok;
}

int run_chat(const Arguments& arguments) {
    catch_signals();
    require_utf8(arguments.conversation.system, "--system");
    require_utf8(arguments.prompt, "--prompt");
    const std::string question = arguments.prompt == "-" ? read_text("-") : arguments.prompt;
    if (arguments.once && question.empty()) {
        throw Error(ErrorCode::invalid_argument,
                    ErrorDetails{.subject = "-p", .expected = "a prompt", .found = "no text"});
    }
    ConversationOptions options = arguments.conversation;
    if (!arguments.chat_template.empty())
        options.chat_template = std::make_shared<ChatTemplate>(read_template(arguments.chat_template));
    const Model model = load_model(arguments.model, arguments.options);
    Conversation conversation(model, std::move(options));
    if (interrupted()) return status_interrupted;
    if (arguments.once) return ask_once(conversation, question);
    LineReader lines;
    if (!lines.interactive()) return converse_from_pipe(conversation, lines);
    return converse_on_terminal(conversation, lines, !arguments.no_history);
}

void describe_chat(CLI::App& command) {
    set_description(command, "Talk with a model",
                    "On a terminal lines are edited, with a history, and /help lists what one may say to "
                    "lamina instead of "
                    "to the model. From a pipe each line is a question. " +
                        std::string(chat_input_help) +
                        " The answers alone go to standard output; everything else goes to standard error.");
    set_examples(command,
                 {{"A conversation", "lamina chat model.gguf"},
                  {"With more room, and the model told what it is",
                   "lamina chat model.gguf --context 8192 --system 'Answer in one sentence.'"},
                  {"One answer", "lamina chat model.gguf -p 'What is the capital of France?'"},
                  {"One answer about a file, for a script",
                   "(echo 'Summarise:'; cat notes.txt) | lamina chat model.gguf -p - --greedy --json"}});
}

}  // namespace

void add_chat(CLI::App& tool, Action& action) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App& command = *tool.add_subcommand("chat");
    describe_chat(command);
    add_model_path(command, arguments->model);
    const CLI::Option* const prompt = command
                                          .add_option("-p,--prompt", arguments->prompt,
                                                      "Answer this and exit; - reads it from standard input")
                                          ->type_name("TEXT");
    command
        .add_option("--system", arguments->conversation.system,
                    "What the model is told before the conversation")
        ->type_name("TEXT");
    command
        .add_option("--template", arguments->chat_template,
                    "A Jinja chat template instead of the model's own")
        ->type_name(file_value);
    add_count(command, "-n,--max-tokens", arguments->conversation.max_tokens, 0, 0xFFFFFFFF,
              "Most tokens of an answer; 0: until the model ends or the context is full [1024]");
    command.add_flag("--json", arguments->conversation.json, "Print each answer as one JSON object a line");
    command.add_flag("--no-history", arguments->no_history,
                     "Neither read nor keep a history of what is typed");
    add_answer_options(command, arguments->conversation.answer);
    add_model_options(command, arguments->options);
    command.callback([arguments, prompt, &action] {
        arguments->once = prompt->count() > 0;
        action = [arguments] { return run_chat(*arguments); };
    });
}

}  // namespace lamina::cli
