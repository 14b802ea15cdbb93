// lamina tokenize: texts to token ids.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "commands.hpp"
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

std::vector<std::string> read_texts(const std::string& path) {
    const nlohmann::ordered_json all = read_json(path);
    const auto is_string = [](const nlohmann::ordered_json& item) { return item.is_string(); };
    if (!all.is_array() || !std::all_of(all.begin(), all.end(), is_string)) {
        throw Error(ErrorCode::bad_file,
                    ErrorDetails{.file = path, .expected = "an array of strings", .found = "other JSON"});
    }
    return all.get<std::vector<std::string>>();
}

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
    for (const TokenId id : tokenizer.encode(arguments.text, options)) {
        const nlohmann::json piece = tokenizer.piece(id);
        fmt::print("{:>8} {}\n", id, piece.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
    return status_ok;
}

}  // namespace

void add_tokenize(CLI::App& tool, Action& action) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App& command = *tool.add_subcommand("tokenize", "Turn texts into token ids");
    add_model_path(command, arguments->model);
    CLI::App& input = *command.add_option_group("Input")->require_option(1);
    input
        .add_option("--json", arguments->json,
                    "A JSON array of strings; prints a JSON array of id arrays; - is standard input")
        ->type_name("FILE");
    input.add_option("-p,--prompt", arguments->text, "One text; prints a token a line")->type_name("TEXT");
    command.add_flag("--special", arguments->special,
                     "Add BOS or EOS where the vocabulary asks for it, read control tokens");
    command.callback([arguments, &action] { action = [arguments] { return tokenize(*arguments); }; });
}

}  // namespace lamina::cli
