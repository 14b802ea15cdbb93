// lamina tokenize: texts to token ids.
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <utility>

#include "commands.hpp"
#include "description.hpp"
#include "files.hpp"
#include "lamina/lamina.hpp"
#include "options.hpp"

namespace lamina::cli {
namespace {

struct Arguments {
    std::string model;
    std::string json;
    std::string text;
    bool special = false;
};

int tokenize(const Arguments& arguments) {
    const EncodeOptions options = {.special = arguments.special};
    if (!arguments.json.empty()) {
        const std::vector<std::string> texts = read_texts(arguments.json);
        const Tokenizer tokenizer = load_tokenizer(arguments.model);
        std::string_view separator = "";
        fmt::print("[");
        for (const std::string& text : texts) {
            fmt::print("{}[{}]", std::exchange(separator, ","),
                       fmt::join(tokenizer.encode(text, options), ","));
        }
        fmt::print("]\n");
        return status_ok;
    }
    const Tokenizer tokenizer = load_tokenizer(arguments.model);
    const std::string text = arguments.text == "-" ? read_file("-") : arguments.text;
    for (const TokenId id : tokenizer.encode(text, options)) {
        const nlohmann::json piece = tokenizer.piece(id);
        fmt::print("{:>8} {}\n", id, piece.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
    return status_ok;
}

}  // namespace

void add_tokenize(CLI::App& tool, Action& action) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App& command = *tool.add_subcommand("tokenize");
    set_description(command, "Turn texts into token ids",
                    "The vocabulary of the model file is read, not its weights.");
    set_examples(command,
                 {{"The tokens of a text, one a line", "lamina tokenize model.gguf -p 'Hello, world'"},
                  {"Of a file", "lamina tokenize model.gguf -p - < notes.txt"},
                  {"Of several texts, for a script: [[...],[...]]",
                   "echo '[\"one\", \"two\"]' | lamina tokenize model.gguf --json -"}});
    add_model_path(command, arguments->model);
    CLI::App& input = *command.add_option_group("Input")->require_option(1);
    input
        .add_option("--json", arguments->json,
                    "A JSON array of strings; prints a JSON array of id arrays; - is standard input")
        ->type_name(file_value);
    input
        .add_option("-p,--prompt", arguments->text,
                    "One text; prints a token a line; - reads it from standard input")
        ->type_name("TEXT");
    command.add_flag("--special", arguments->special,
                     "Add BOS or EOS where the vocabulary asks for it, read control tokens");
    command.callback([arguments, &action] { action = [arguments] { return tokenize(*arguments); }; });
}

}  // namespace lamina::cli
