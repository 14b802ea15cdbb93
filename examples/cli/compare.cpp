// lamina compare: how far a model's predictions are from a reference's, stored or another model's.
#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "description.hpp"
#include "files.hpp"
#include "lamina/lamina.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "score.hpp"
#include "signals.hpp"

namespace lamina::cli {
namespace {

constexpr std::size_t stored_top = 32;

struct Arguments {
    std::string model;
    std::string other;
    std::string reference;
    std::string text;
    bool json = false;
    AskedOptions options;
};

[[noreturn]] void wrong_file(const std::string& path, const std::string& subject, const std::string& expected,
                             const std::string& found) {
    throw Error(ErrorCode::bad_file,
                ErrorDetails{.file = path, .subject = subject, .expected = expected, .found = found});
}

void need_shape(const TensorFile& file, const std::string& path, const std::string& name,
                const TensorFile::Shape& wanted) {
    const auto text = [](const TensorFile::Shape& shape) {
        std::string out;
        for (const std::uint64_t size : shape) out += (out.empty() ? "[" : ", ") + std::to_string(size);
        return out.empty() ? std::string("[]") : out + "]";
    };
    const TensorFile::Shape& found = file.shape(name);
    if (found != wanted) wrong_file(path, name, "shape " + text(wanted), text(found));
}

void read_full_logits(const TensorFile& file, const std::string& path, Window& window) {
    if (!file.has("full_logits") || !file.has("full_positions")) return;
    window.full_positions = file.i32("full_positions");
    window.full_logits = file.f32("full_logits");
    for (const std::int32_t position : window.full_positions) {
        if (position >= 0 && static_cast<std::size_t>(position) < window.tokens.size()) continue;
        wrong_file(path, "full_positions", "positions of tokens", std::to_string(position));
    }
}

Window read_reference(const std::string& path) {
    const TensorFile file = TensorFile::read(path);
    Window window;
    window.tokens = file.i32("tokens");
    const std::uint64_t count = window.tokens.size();
    if (count < 2) wrong_file(path, "tokens", "at least 2 tokens", std::to_string(count));
    need_shape(file, path, "tokens", {count});
    need_shape(file, path, "nll", {count - 1});
    const TensorFile::Shape& top = file.shape("top_ids");
    if (top.size() != 2 || top[0] != count || top[1] == 0) {
        wrong_file(path, "top_ids", fmt::format("shape [{}, K]", count),
                   fmt::format("{} dimensions", top.size()));
    }
    need_shape(file, path, "top_logprobs", top);
    window.nll = file.f32("nll");
    window.top = static_cast<std::size_t>(top[1]);
    window.top_ids = file.i32("top_ids");
    window.top_logprobs = file.f32("top_logprobs");
    read_full_logits(file, path, window);
    return window;
}

// What a file says is held against the model before anything is indexed by it.
void check_window(const Window& window, const std::string& path, std::uint32_t vocabulary) {
    const auto in_vocabulary = [=](TokenId id) {
        return id >= 0 && static_cast<std::uint32_t>(id) < vocabulary;
    };
    const auto check = [&](const std::string& name, const std::vector<TokenId>& ids) {
        const auto wrong = std::find_if_not(ids.begin(), ids.end(), in_vocabulary);
        if (wrong == ids.end()) return;
        wrong_file(path, name, fmt::format("the model's ids 0..{}", vocabulary - 1), std::to_string(*wrong));
    };
    check("tokens", window.tokens);
    check("top_ids", window.top_ids);
    const std::size_t rows = window.full_positions.size();
    if (window.full_logits.size() == rows * vocabulary) return;
    wrong_file(path, "full_logits", fmt::format("{} rows of {} logits", rows, vocabulary),
               fmt::format("{} logits", window.full_logits.size()));
}

// Says how many of the tokens are done, and hears Ctrl-C.
class Advance {
  public:
    Advance(std::string_view what, std::size_t total) : what_(what), total_(total) { show(); }
    void one() {
        stop_if_interrupted();
        ++done_;
        show();
    }

  private:
    void show() { activity_.show(fmt::format("{}: {} %", what_, 100 * done_ / total_)); }

    std::string_view what_;
    std::size_t total_;
    std::size_t done_ = 0;
    Activity activity_;
};

// The text in windows that fit the context, each begun anew, as A predicts it.
std::vector<Window> predict_text(const Model& model, const std::string& path) {
    const std::vector<TokenId> tokens = model.tokenizer().encode(read_text(path), {.special = true});
    if (tokens.size() < 2) wrong_file(path, "", "text of at least 2 tokens", std::to_string(tokens.size()));
    Session session(model);
    std::vector<Window> windows;
    const std::size_t room = model.options().context;
    Advance advance("predicting the text", tokens.size());
    for (std::size_t first = 0; first + 1 < tokens.size(); first += room) {
        const std::size_t count = std::min(room, tokens.size() - first);
        windows.push_back(
            predict(session, std::span(tokens).subspan(first, count), stored_top, [&] { advance.one(); }));
    }
    return windows;
}

Comparison compare_windows(const Model& model, const std::vector<Window>& windows) {
    Session session(model);
    Comparison sums;
    std::size_t total = 0;
    for (const Window& window : windows) total += window.tokens.size();
    Advance advance("comparing", total);
    for (const Window& window : windows) compare(session, window, sums, [&] { advance.one(); });
    return sums;
}

Comparison against_file(const Arguments& arguments) {
    const std::vector<Window> windows = {read_reference(arguments.reference)};
    AskedOptions options = arguments.options;
    options.context_asked = false;  // the reference says it
    options.context = static_cast<std::uint32_t>(windows.front().tokens.size());
    const Model model = load_model(arguments.model, options);
    check_window(windows.front(), arguments.reference, model.info().vocabulary);
    return compare_windows(model, windows);
}

Comparison against_model(const Arguments& arguments) {
    std::vector<Window> windows;
    std::uint32_t vocabulary = 0;
    {
        const Model reference = load_model(arguments.model, arguments.options);
        vocabulary = reference.info().vocabulary;
        windows = predict_text(reference, arguments.text);
    }
    AskedOptions options = arguments.options;
    options.context_asked = false;  // said already
    const Model model = load_model(arguments.other, options);
    if (model.info().vocabulary != vocabulary) {
        wrong_file(arguments.other, "vocabulary",
                   fmt::format("{} tokens as in {}", vocabulary, arguments.model),
                   std::to_string(model.info().vocabulary));
    }
    return compare_windows(model, windows);
}

void print_table(const Comparison& sums) {
    const double ratio = sums.perplexity() / sums.reference_perplexity() - 1;
    fmt::print("perplexity       {:.6g}, of the reference {:.6g} ({:+.2e} relative)\n", sums.perplexity(),
               sums.reference_perplexity(), ratio);
    fmt::print("KL divergence    mean {:.4g}, maximum {:.4g} at position {}\n", sums.mean_kl(), sums.max_kl,
               sums.max_kl_position);
    fmt::print("top-1 agreement  {:.2f} % ({} of {})\n", 100 * sums.agreement(), sums.agreed, sums.positions);
    if (sums.max_logit_error) fmt::print("logits           largest error {:.4g}\n", *sums.max_logit_error);
}

void print_json(const Comparison& sums) {
    nlohmann::ordered_json out = {{"positions", sums.positions},
                                  {"scored_tokens", sums.scored},
                                  {"reference_perplexity", sums.reference_perplexity()},
                                  {"perplexity", sums.perplexity()},
                                  {"mean_kl", sums.mean_kl()},
                                  {"max_kl", sums.max_kl},
                                  {"max_kl_position", sums.max_kl_position},
                                  {"top1_agreement", sums.agreement()}};
    if (sums.max_logit_error) out["max_logit_error"] = *sums.max_logit_error;
    fmt::print("{}\n", out.dump(2));
}

int compare_models(Arguments arguments) {
    catch_signals();
    arguments.options.logit_rows =
        std::min(arguments.options.batch_tokens, 64U);  // every row's logits are wanted
    const Comparison sums = arguments.reference.empty() ? against_model(arguments) : against_file(arguments);
    arguments.json ? print_json(sums) : print_table(sums);
    return status_ok;
}

}  // namespace

void add_compare(CLI::App& tool, Action& action) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App& command = *tool.add_subcommand("compare");
    set_description(
        command, "Measure how far a model is from a stored reference, or model B from MODEL on a text",
        "Prints perplexities, the KL divergence of the predictions (over the 32 likeliest tokens and "
        "one bucket for the rest, natural logarithm) and how often both find the same token "
        "likeliest. Give either --ref, or B and --text, which is cut into windows of --context "
        "tokens.");
    set_examples(command, {{"What quantization costs",
                            "lamina compare model-f16.gguf model-q4.gguf --text article.txt"},
                           {"Against predictions that were stored, for a script",
                            "lamina compare model.gguf --ref reference.safetensors --json"}});
    add_model_path(command, arguments->model);
    auto* const other =
        command.add_option("B", arguments->other, "The model to judge by MODEL; needs --text")
            ->type_name(model_value);
    auto* const reference = command.add_option("--ref", arguments->reference,
                                               "Stored reference predictions (safetensors), instead of B");
    auto* const text =
        command.add_option("--text", arguments->text, "The text to judge by, with B; - is standard input");
    reference->type_name(file_value)->excludes(other)->excludes(text);
    text->type_name(file_value)->needs(other);
    other->needs(text);
    command.add_flag("--json", arguments->json, "Print one JSON object");
    add_model_options(command, arguments->options);
    command.callback([arguments, &action] {
        if (arguments->reference.empty() && arguments->other.empty()) {
            throw CLI::ValidationError("MODEL", "expected --ref FILE, or a second model and --text FILE");
        }
        action = [arguments] { return compare_models(*arguments); };
    });
}

}  // namespace lamina::cli
