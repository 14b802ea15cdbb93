// lamina logits: the logits of given tokens, from file to file.
#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "commands.hpp"
#include "description.hpp"
#include "lamina/lamina.hpp"
#include "options.hpp"
#include "signals.hpp"

namespace lamina::cli {
namespace {

struct Arguments {
    std::string model;
    std::string tokens;
    std::string out;
    AskedOptions options;
};

struct TokenRows {
    std::uint64_t rows = 0;       // B
    std::uint64_t length = 0;     // T
    std::vector<TokenId> tokens;  // [B, T]
};

TokenRows read_tokens(const std::string& path) {
    const TensorFile file = TensorFile::read(path);
    const TensorFile::Shape& shape = file.shape("tokens");
    if (shape.size() != 2 || shape[0] == 0 || shape[1] == 0 || shape[1] > 0xFFFFFFFF) {
        throw Error(ErrorCode::bad_file, ErrorDetails{.file = path,
                                                      .subject = "tokens",
                                                      .expected = "shape [B, T], neither of them 0",
                                                      .found = fmt::format("{} dimensions", shape.size())});
    }
    return {.rows = shape[0], .length = shape[1], .tokens = file.i32("tokens")};
}

// Rows first .. first + count - 1, all in one batch, each a sequence of its own; `out` is [count, T,
// vocabulary].
void forward_rows(Session& session, const TokenRows& in, std::uint64_t first, std::uint64_t count,
                  std::span<float> out) {
    std::vector<SequenceTokens> items;
    for (std::uint64_t row = first; row < first + count; ++row) {
        const auto tokens = std::span(in.tokens).subspan(row * in.length, in.length);
        items.push_back({.sequence = session.open(), .tokens = tokens, .logits = WantedLogits::all});
    }
    session.forward(items, [&](std::size_t item, std::size_t token, std::span<const float> logits) {
        stop_if_interrupted();
        std::copy(logits.begin(), logits.end(),
                  out.subspan((item * in.length + token) * logits.size()).begin());
    });
    for (const SequenceTokens& item : items) session.close(item.sequence);
}

int logits(const Arguments& arguments) {
    catch_signals();
    const TokenRows in = read_tokens(arguments.tokens);
    AskedOptions options = arguments.options;
    options.context_asked = false;  // the rows say it
    options.context = static_cast<std::uint32_t>(in.length);
    options.logit_rows = std::min(options.batch_tokens, 64U);  // every row's logits are wanted
    const Model model = load_model(arguments.model, options);
    const std::uint64_t vocabulary = model.info().vocabulary;
    const std::uint64_t row_size = in.length * vocabulary;
    std::vector<float> out(in.rows * row_size);
    Session session(model);
    for (std::uint64_t first = 0; first < in.rows; first += options.sequences) {
        const std::uint64_t count = std::min<std::uint64_t>(options.sequences, in.rows - first);
        forward_rows(session, in, first, count, std::span(out).subspan(first * row_size, count * row_size));
    }
    TensorFile file;
    file.add_f32("logits", {in.rows, in.length, vocabulary}, out);
    file.write(arguments.out);
    return status_ok;
}

}  // namespace

void add_logits(CLI::App& tool, Action& action) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App& command = *tool.add_subcommand("logits");
    set_description(command, "Write the logits of every position of given tokens",
                    "From one safetensors file to another. B rows of T tokens are B sequences of their own; "
                    "--sequences of them are computed at once. The context is as long as the rows, whatever "
                    "--context says.");
    set_examples(command,
                 {{"All logits of tokens.safetensors",
                   "lamina logits model.gguf --tokens tokens.safetensors --out logits.safetensors"}});
    add_model_path(command, arguments->model);
    command.add_option("--tokens", arguments->tokens, "A safetensors file with `tokens` i32 [B, T]")
        ->type_name(file_value)
        ->required();
    command.add_option("--out", arguments->out, "Where to write: `logits` f32 [B, T, vocabulary]")
        ->type_name(file_value)
        ->required();
    add_model_options(command, arguments->options);
    command.callback([arguments, &action] { action = [arguments] { return logits(*arguments); }; });
}

}  // namespace lamina::cli
