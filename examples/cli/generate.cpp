// lamina generate: continues a text.
#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <cmath>
#include <nlohmann/json.hpp>

#include "answer_json.hpp"
#include "commands.hpp"
#include "description.hpp"
#include "files.hpp"
#include "lamina/lamina.hpp"
#include "options.hpp"
#include "profile.hpp"
#include "signals.hpp"
#include "terminal.hpp"

namespace lamina::cli {
namespace {

struct Arguments {
    std::string model;
    std::string prompt;
    std::uint32_t max_tokens = 256;
    std::uint32_t logprobs = 0;
    bool no_special = false;
    bool ignore_end = false;
    bool json = false;
    AskedOptions options;
    AnswerOptions answer;
};

std::string prompt_text(const Arguments& arguments) {
    if (arguments.prompt == "-") return read_text("-");
    require_utf8(arguments.prompt, "-p");
    return arguments.prompt;
}

Request make_request(const Arguments& arguments, const std::string& prompt, const Tokenizer& tokenizer) {
    Request request;
    if (arguments.no_special || prompt.empty()) {
        request.tokens = tokenizer.encode(prompt, {.special = !arguments.no_special});
    } else {
        request.prompt = prompt;
    }
    if (request.prompt.empty() && request.tokens.empty()) {
        throw Error(ErrorCode::invalid_argument,
                    ErrorDetails{.subject = "-p", .expected = "a prompt", .found = "no text"});
    }
    request.max_tokens = arguments.max_tokens;
    request.logprobs = arguments.logprobs;
    request.ignore_end = arguments.ignore_end;
    arguments.answer.apply(request);
    return request;
}

// Runs the answer step by step, so that Ctrl-C ends it between any two.
void run(Engine& engine, Answer& answer) {
    while (!answer.finished()) {
        if (interrupted()) answer.cancel();
        engine.step();
    }
    if (const std::exception_ptr error = answer.error()) std::rethrow_exception(error);
}

// JSON has no infinity: a forbidden token's is null.
nlohmann::ordered_json number(float value) {
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

// Single tokens may be parts of characters; those bytes are replaced, which a JSON string cannot hold.
nlohmann::ordered_json token_json(const TokenLogprob& entry, const Tokenizer& tokenizer) {
    return {
        {"token", entry.token}, {"text", tokenizer.piece(entry.token)}, {"logprob", number(entry.logprob)}};
}

using Logprobs = std::vector<std::vector<TokenLogprob>>;

nlohmann::ordered_json logprobs_json(const Logprobs& logprobs, const Tokenizer& tokenizer) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const auto& step : logprobs) {
        if (step.empty()) continue;
        nlohmann::ordered_json entry = token_json(step.front(), tokenizer);
        entry["top"] = nlohmann::ordered_json::array();
        for (std::size_t i = 1; i < step.size(); ++i) entry["top"].push_back(token_json(step[i], tokenizer));
        all.push_back(std::move(entry));
    }
    return all;
}

void print_json(const Answer& answer, const std::string& text, const Logprobs& logprobs,
                const Arguments& arguments, const Model& model) {
    nlohmann::ordered_json out = answer_json(answer, text);
    if (arguments.logprobs > 0) out["logprobs"] = logprobs_json(logprobs, model.tokenizer());
    if (arguments.options.profile) out["profile"] = profile_json(model.take_profile());
    fmt::print("{}\n", dump(out));
}

// One line a token: the chosen one, then the likeliest, each as JSON text and its natural logarithm.
void print_logprobs(const Logprobs& logprobs, const Tokenizer& tokenizer) {
    for (const auto& step : logprobs) {
        std::string line;
        for (const TokenLogprob& entry : step) {
            line += fmt::format("{}{} {:.4f}", line.empty() ? "" : "  ", dump(tokenizer.piece(entry.token)),
                                entry.logprob);
        }
        fmt::print("{}\n", line);
    }
}

void explain_end(FinishReason reason, const Model& model) {
    if (reason != FinishReason::context_full) return;
    remark(fmt::format(
        "lamina: the context of {} tokens is full: the answer ends here (--context N for more room, "
        "--when-full shift to go on)",
        model.options().context));
}

int generate(const Arguments& arguments) {
    catch_signals();
    const std::string prompt = prompt_text(arguments);
    const Model model = load_model(arguments.model, arguments.options);
    const Tokenizer tokenizer = model.tokenizer();
    Request request = make_request(arguments, prompt, tokenizer);
    std::string text;
    Logprobs logprobs;
    request.on_piece = [&](const Piece& piece) {
        logprobs.insert(logprobs.end(), piece.logprobs.begin(), piece.logprobs.end());
        if (arguments.json) {
            text += piece.text;
        } else {
            return print_piece(piece.text);
        }
        return true;
    };
    Engine engine(model);
    Answer answer = engine.submit(std::move(request));
    run(engine, answer);
    require_output();
    if (arguments.json) {
        print_json(answer, text, logprobs, arguments, model);
    } else {
        fmt::print("\n");
        if (arguments.logprobs > 0) print_logprobs(logprobs, tokenizer);
        if (arguments.options.profile) {
            std::fflush(stdout);
            print_profile(stderr, model.take_profile());
        }
    }
    explain_end(answer.finish_reason(), model);
    return answer.finish_reason() == FinishReason::cancelled ? status_interrupted : status_ok;
}

void describe_generate(CLI::App& command) {
    set_description(
        command, "Continue a text",
        "Prints what the model writes after the text, as it comes. The text is taken as it stands, "
        "without a chat template; control tokens in it are read.");
    set_examples(
        command,
        {{"40 more tokens, the same each time",
          "lamina generate model.gguf -p 'Once upon a time' -n 40 --seed 1"},
         {"The likeliest continuation of a file", "lamina generate model.gguf -p - --greedy < story.txt"},
         {"For a script: tokens, why it ended, and the 3 likeliest of each step",
          "lamina generate model.gguf -p 'The capital of France is' -n 5 --json --logprobs 3"}});
}

}  // namespace

void add_generate(CLI::App& tool, Action& action) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App& command = *tool.add_subcommand("generate");
    describe_generate(command);
    add_model_path(command, arguments->model);
    command
        .add_option("-p,--prompt", arguments->prompt, "The text to continue; - reads it from standard input")
        ->type_name("TEXT")
        ->required();
    add_count(command, "-n,--max-tokens", arguments->max_tokens, 0, 0xFFFFFFFF,
              "Most tokens to write; 0: until the model ends or the context is full [256]");
    add_count(command, "--logprobs", arguments->logprobs, 1, 256,
              "Also print the log-probabilities of the N likeliest tokens");
    command.add_flag("--no-special", arguments->no_special,
                     "Add no BOS and read no control tokens in the prompt");
    command.add_flag("--ignore-end", arguments->ignore_end, "Go on after the model ends its answer");
    command.add_flag("--json", arguments->json, "Print one JSON object");
    add_profile_option(command, arguments->options);
    add_answer_options(command, arguments->answer);
    add_model_options(command, arguments->options);
    command.callback([arguments, &action] { action = [arguments] { return generate(*arguments); }; });
}

}  // namespace lamina::cli
