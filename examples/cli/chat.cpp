// lamina chat: a conversation on a terminal, from a pipe, or of one question.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "commands.hpp"
#include "files.hpp"
#include "lamina/lamina.hpp"
#include "line_editor.hpp"
#include "options.hpp"
#include "terminal.hpp"

namespace lamina::cli {
namespace {

struct Arguments {
    std::string model;
    std::string system;
    std::string prompt;
    bool once = false;  // a prompt was given, be it empty
    std::string chat_template;
    std::uint32_t max_tokens = 1024;
    ModelOptions options;
    AnswerOptions answer;
};

constexpr std::string_view help_text =
    "/system TEXT  sets what the model is told beforehand and begins anew; without TEXT shows it\n"
    "/clear        forgets the conversation\n"
    "/quit         leaves, as Ctrl-D does\n"
    "/help         this list\n"
    "Ctrl-C stops an answer. Everything else is said to the model.\n";

class Chat {
  public:
    // `own` is the template that the user gave, or none.
    Chat(const Model& model, std::shared_ptr<const ChatTemplate> own, const Arguments& arguments)
        : model_(model),
          arguments_(arguments),
          system_(arguments.system),
          engine_(model),
          template_(std::move(own)) {
        (void)model.tokenizer();  // a model without one cannot chat: say so now
        if (!template_ && !model.chat_template()) use_chatml();
        clear();
    }

    // Says `text` to the model and prints the answer. A question that fails is forgotten, so that one can go
    // on.
    FinishReason ask(const std::string& text) {
        messages_.push_back({.role = "user", .content = text});
        try {
            return answer();
        } catch (...) {
            messages_.pop_back();
            throw;
        }
    }

    void clear() {
        messages_.clear();
        if (!system_.empty()) messages_.push_back({.role = "system", .content = system_});
    }

    // False where the line is no command. `quit` is set by /quit.
    bool command(const std::string& line, bool& quit) {
        if (line.empty() || line.front() != '/') return false;
        const std::size_t space = line.find(' ');
        const std::string name = line.substr(0, space);
        if (name == "/help") {
            remark(help_text.substr(0, help_text.size() - 1));
        } else if (name == "/clear") {
            clear();
        } else if (name == "/system") {
            const std::size_t text = line.find_first_not_of(' ', std::min(space, line.size()));
            set_system(text == std::string::npos ? "" : line.substr(text));
        } else if (name == "/quit" || name == "/exit") {
            quit = true;
        } else {
            remark(fmt::format("no command {}; /help lists them", name));
        }
        return true;
    }

  private:
    void use_chatml() {
        remark("lamina: this model has no chat template: using ChatML (--template FILE for another)");
        template_ = std::make_shared<const ChatTemplate>(ChatTemplate::chatml());
        end_of_turn_ = "<|im_end|>";  // to a model that was not trained on ChatML this is text, no token
    }

    void set_system(const std::string& text) {
        if (text.empty()) {
            remark(system_.empty() ? "no system message is set" : "system message: " + system_);
            return;
        }
        system_ = text;
        clear();
    }

    FinishReason answer() {
        Request request;
        request.messages = messages_;
        request.chat_template = template_;
        request.max_tokens = arguments_.max_tokens;
        arguments_.answer.apply(request);
        if (!end_of_turn_.empty()) request.stop.push_back(end_of_turn_);
        std::string text;
        request.on_piece = [&text](const Piece& piece) {
            text += piece.text;
            print_piece(piece.text);
            return true;
        };
        Answer answer = engine_.submit(std::move(request));
        while (!answer.finished()) {
            if (interrupted()) answer.cancel();
            engine_.step();
        }
        print_piece("\n");
        if (const std::exception_ptr error = answer.error()) std::rethrow_exception(error);
        messages_.push_back({.role = "assistant", .content = text});
        report(answer);
        return answer.finish_reason();
    }

    void report(const Answer& answer) const {
        const FinishReason reason = answer.finish_reason();
        if (reason == FinishReason::context_full) {
            remark(fmt::format(
                "lamina: the context of {} tokens is full; /clear begins anew, --context N gives more room",
                model_.options().context));
        } else if (reason == FinishReason::max_tokens) {
            remark(fmt::format("lamina: stopped after {} tokens (-n N for more)", arguments_.max_tokens));
        }
        if (!is_terminal(stdout) || !is_terminal(stderr)) return;
        const Statistics statistics = answer.statistics();
        remark(fmt::format("{} tokens, {:.1f} tokens/s{}", statistics.generated_tokens,
                           statistics.tokens_per_second(),
                           reason == FinishReason::cancelled ? ", stopped" : ""));
    }

    Model model_;
    const Arguments& arguments_;
    std::string system_;
    Engine engine_;
    std::shared_ptr<const ChatTemplate> template_;  // none: the model's own
    std::string end_of_turn_;
    std::vector<Message> messages_;
};

int ask_once(Chat& chat, const std::string& text) {
    return chat.ask(text) == FinishReason::cancelled ? status_interrupted : status_ok;
}

// A failed question does not end a conversation that a person holds; it does end a script's.
void ask_on_terminal(Chat& chat, const std::string& line) {
    try {
        chat.ask(line);
    } catch (const Error& error) { remark(fmt::format("lamina: {}", error.what())); }
    clear_interrupt();
}

int converse_on_terminal(Chat& chat, LineReader& reader) {
    remark("/help lists the commands, Ctrl-D leaves");
    std::string line;
    bool quit = false;
    bool asked_to_leave = false;
    while (!quit) {
        const LineReader::Event event = reader.read(line);
        if (event == LineReader::Event::interrupted) {
            clear_interrupt();
            fmt::print("\n");
            if (std::exchange(asked_to_leave, true)) return status_ok;
            remark("Ctrl-C again or Ctrl-D leaves");
            continue;
        }
        asked_to_leave = false;
        if (event == LineReader::Event::end) {
            fmt::print("\n");
            return status_ok;
        }
        if (!line.empty() && !chat.command(line, quit)) ask_on_terminal(chat, line);
    }
    return status_ok;
}

int converse_from_pipe(Chat& chat, LineReader& reader) {
    std::string line;
    bool quit = false;
    while (!quit) {
        const LineReader::Event event = reader.read(line);
        if (event == LineReader::Event::interrupted) return status_interrupted;
        if (event == LineReader::Event::end) break;
        require_utf8(line, "standard input");
        if (line.empty() || chat.command(line, quit)) continue;
        if (chat.ask(line) == FinishReason::cancelled) return status_interrupted;
    }
    return status_ok;
}

int run_chat(const Arguments& arguments) {
    require_utf8(arguments.system, "--system");
    require_utf8(arguments.prompt, "--prompt");
    const std::string question = arguments.prompt == "-" ? read_text("-") : arguments.prompt;
    std::shared_ptr<const ChatTemplate> own;
    if (!arguments.chat_template.empty())
        own = std::make_shared<ChatTemplate>(read_template(arguments.chat_template));
    catch_interrupts(SecondInterrupt::quits);
    const Model model = load_model(arguments.model, arguments.options);
    Chat chat(model, std::move(own), arguments);
    if (arguments.once) return ask_once(chat, question);
    LineReader reader;
    if (!reader.interactive()) return converse_from_pipe(chat, reader);
    catch_interrupts(SecondInterrupt::ignored);
    return converse_on_terminal(chat, reader);
}

}  // namespace

void add_chat(CLI::App& tool, Action& action) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App& command = *tool.add_subcommand("chat", "Talk with a model");
    add_model_path(command, arguments->model);
    const CLI::Option* const prompt = command
                                          .add_option("-p,--prompt", arguments->prompt,
                                                      "Answer this and exit; - reads it from standard input")
                                          ->type_name("TEXT");
    command.add_option("--system", arguments->system, "What the model is told before the conversation")
        ->type_name("TEXT");
    command
        .add_option("--template", arguments->chat_template,
                    "A Jinja chat template instead of the model's own")
        ->type_name("FILE");
    add_count(command, "-n,--max-tokens", arguments->max_tokens, 0, 0xFFFFFFFF,
              "Most tokens of an answer; 0: until the model ends or the context is full [1024]");
    add_answer_options(command, arguments->answer);
    add_model_options(command, arguments->options);
    command.callback([arguments, prompt, &action] {
        arguments->once = prompt->count() > 0;
        action = [arguments] { return run_chat(*arguments); };
    });
}

}  // namespace lamina::cli
