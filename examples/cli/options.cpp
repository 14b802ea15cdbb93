#include "options.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>

#include "colour.hpp"
#include "files.hpp"
#include "lamina/error.hpp"
#include "lamina/limits.hpp"
#include "progress.hpp"
#include "signals.hpp"
#include "suggest.hpp"
#include "terminal.hpp"

namespace lamina::cli {
namespace {

constexpr std::uint64_t max_u32 = 0xFFFFFFFF;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number value = {};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

[[noreturn]] void wrong(const std::string& names, const std::string& expected, const std::string& found) {
    throw CLI::ValidationError(names, fmt::format("expected {}, found '{}'", expected, found));
}

std::uint32_t parse_count(const std::string& names, const std::string& text, std::uint64_t low,
                          std::uint64_t high) {
    const auto number = parse_number<std::uint64_t>(text);
    if (!number || *number < low || *number > high) {
        wrong(names, fmt::format("a whole number from {} to {}", low, high), text);
    }
    return static_cast<std::uint32_t>(*number);
}

// A real number in low..high, ends included or not.
struct RealRange {
    float low = -INFINITY;
    float high = INFINITY;
    bool low_included = true;
    bool high_included = true;

    bool holds(float x) const {
        return (low_included ? x >= low : x > low) && (high_included ? x <= high : x < high) &&
               std::isfinite(x);
    }
    std::string text() const {
        std::string out = "a number";
        if (std::isfinite(low)) out += fmt::format(" {} {}", low_included ? "of at least" : "above", low);
        if (std::isfinite(high)) out += fmt::format(" and {} {}", high_included ? "at most" : "below", high);
        return out;
    }
};

void add_real(CLI::App& command, const std::string& name, float& value, const RealRange& range,
              const std::string& help) {
    const auto take = [&value, name, range](const std::string& text) {
        const auto number = parse_number<float>(text);
        if (!number || !range.holds(*number)) wrong(name, range.text(), text);
        value = *number;
    };
    command.add_option_function<std::string>(name, take, fmt::format("{} [{:g}]", help, value))
        ->type_name("X");
}

// One of a few words; `take` gets what the word means.
template <class Value>
CLI::Option* add_choice(CLI::App& command, const std::string& name,
                        const std::map<std::string, Value>& choices, Value preset, const std::string& help,
                        const std::function<void(Value)>& take) {
    std::string names;
    std::string preset_name;
    for (const auto& [choice, meaning] : choices) {
        names += (names.empty() ? "" : "|") + choice;
        if (meaning == preset) preset_name = choice;
    }
    const auto take_word = [take, name, choices, names](const std::string& word) {
        const auto found = choices.find(word);
        if (found == choices.end()) wrong(name, names, word);
        take(found->second);
    };
    return command
        .add_option_function<std::string>(name, take_word, fmt::format("{} [{}]", help, preset_name))
        ->type_name(names);
}

template <class Value>
void add_choice(CLI::App& command, const std::string& name, Value& value,
                const std::map<std::string, Value>& choices, const std::string& help) {
    add_choice<Value>(command, name, choices, value, help, [&value](Value meant) { value = meant; });
}

std::pair<TokenId, float> parse_bias(const std::string& text) {
    const std::size_t equals = text.find('=');
    const auto id = parse_number<TokenId>(std::string_view(text).substr(0, equals));
    const auto bias = equals == std::string::npos
                          ? std::nullopt
                          : parse_number<float>(std::string_view(text).substr(equals + 1));
    if (!id || !bias || std::isnan(*bias)) wrong("--logit-bias", "ID=VALUE, a token id and a number", text);
    return {*id, *bias};
}

void warn(LogLevel level, std::string_view message) {
    if (level != LogLevel::warning) return;
    const std::string line = "lamina: " + std::string(message) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
}

void add_sampling_options(CLI::App& command, SamplingParams& sampling) {
    const std::string group = "Sampling";
    auto* const options = command.add_option_group(group);
    add_real(*options, "--temperature", sampling.temperature, {.low = 0},
             "Higher is more random; 0: always the likeliest token");
    add_count(*options, "--top-k", sampling.top_k, 0, max_u32, "Keep the K likeliest tokens; 0: all [40]");
    add_real(*options, "--top-p", sampling.top_p, {.low = 0, .high = 1, .low_included = false},
             "Keep the likeliest tokens that sum to this probability; 1: all");
    add_real(*options, "--min-p", sampling.min_p, {.low = 0, .high = 1, .high_included = false},
             "Keep tokens of at least this part of the likeliest one's probability; 0: all");
    add_real(*options, "--repetition-penalty", sampling.repetition_penalty, {.low = 0, .low_included = false},
             "Makes tokens seen lately less likely by this factor; 1: off");
    add_real(*options, "--presence-penalty", sampling.presence_penalty, {},
             "Taken off the logits of tokens seen lately");
    add_real(*options, "--frequency-penalty", sampling.frequency_penalty, {},
             "The same for each time that they were seen");
    add_count(*options, "--penalty-window", sampling.penalty_window, 0, max_u32,
              "Tokens back that count as lately [64]");
    const auto take_seed = [&sampling](const std::string& text) {
        sampling.seed = parse_number<std::uint64_t>(text);
        if (!sampling.seed) wrong("--seed", "a whole number", text);
    };
    options
        ->add_option_function<std::string>("--seed", take_seed,
                                           "Equal seeds give equal answers [a new one each time]")
        ->type_name("N");
    const auto take_biases = [&sampling](const std::vector<std::string>& all) {
        for (const std::string& text : all) sampling.logit_bias.push_back(parse_bias(text));
    };
    options
        ->add_option_function<std::vector<std::string>>(
            "--logit-bias", take_biases, "Added to a token's logit; -inf forbids it; may be repeated")
        ->type_name("ID=VALUE")
        ->allow_extra_args(false);
}

}  // namespace

void add_colour_option(CLI::App& command) {
    add_choice<Colours>(
        command, "--color",
        {{"always", Colours::always}, {"auto", Colours::automatic}, {"never", Colours::never}},
        Colours::automatic, "Colours: on terminals alone, always or never", choose_colours)
        ->group(general_group);
}

void add_model_path(CLI::App& command, std::string& path) {
    command.add_option("MODEL", path, "A GGUF file; of a split model any part")
        ->type_name(model_value)
        ->required();
}

CLI::Option* add_word(CLI::App& command, const std::string& name, std::string& value,
                      const std::vector<std::string>& words, const std::string& help) {
    const auto take = [&value, name, words](const std::string& text) {
        if (std::find(words.begin(), words.end(), text) == words.end()) {
            throw CLI::ValidationError(name, fmt::format("expected {}, found '{}'{}", fmt::join(words, "|"),
                                                         text, suggestion(text, words)));
        }
        value = text;
    };
    return command.add_option_function<std::string>(name, take, help)
        ->type_name(fmt::format("{}", fmt::join(words, "|")));
}

CLI::Option* add_count(CLI::App& command, const std::string& names, std::uint32_t& value, std::uint64_t low,
                       std::uint64_t high, const std::string& help) {
    const auto take = [&value, names, low, high](const std::string& text) {
        value = parse_count(names, text, low, high);
    };
    return command.add_option_function<std::string>(names, take, help)->type_name("N");
}

void add_counts(CLI::App& command, const std::string& name, std::vector<std::uint32_t>& values,
                std::uint64_t low, std::uint64_t high, const std::string& help) {
    const auto take = [&values, name, low, high](const std::string& list) {
        values.clear();
        for (std::size_t begin = 0; begin <= list.size();) {
            const std::size_t end = std::min(list.find(',', begin), list.size());
            values.push_back(parse_count(name, list.substr(begin, end - begin), low, high));
            begin = end + 1;
        }
    };
    command.add_option_function<std::string>(name, take, help)->type_name("N,...");
}

void add_compute_options(CLI::App& command, ModelOptions& options) {
    auto& group = *command.add_option_group("Model");
    const auto take_threads = [&options](const std::string& text) {
        const auto number = parse_number<int>(text);
        if (!number || *number < 1 || *number > max_threads)
            wrong("--threads", fmt::format("a whole number from 1 to {}", max_threads), text);
        options.threads = *number;
    };
    group
        .add_option_function<std::string>("--threads", take_threads,
                                          "Compute threads [all CPUs that may be used]")
        ->type_name("N");
    group
        .add_option("--backend", options.backend,
                    "What computes: cpu, or reference, which is slow and simple [chosen]")
        ->type_name("NAME");
    const auto take_device = [&options](const std::string& text) { options.devices = {text}; };
    group.add_option_function<std::string>("--device", take_device, "Where to compute, such as cpu [chosen]")
        ->type_name("SPEC");
    add_count(group, "--batch-tokens", options.batch_tokens, 1, max_batch_tokens,
              fmt::format("Most tokens computed in one step [{}]", options.batch_tokens));
    add_choice<CacheType>(group, "--cache-type", options.cache,
                          {{"auto", CacheType::automatic},
                           {"f16", CacheType::f16},
                           {"f32", CacheType::f32},
                           {"bf16", CacheType::bf16},
                           {"q8_0", CacheType::q8_0}},
                          "Element type of the KV cache");
    add_choice<ComputeType>(
        group, "--compute", options.compute,
        {{"auto", ComputeType::automatic}, {"f32", ComputeType::f32}, {"bf16", ComputeType::bf16}},
        "What weights meet: dense ones f32 or bf16, quantized ones 16 bits or 8");
    add_choice<LoadMode>(group, "--load", options.load, {{"map", LoadMode::map}, {"read", LoadMode::read}},
                         "Map the file, or copy it so that it may change later");
    group.add_flag("--invariant", options.invariant,
                   "Logits are the same bits whatever else is in the batch, of a prompt as of an answer "
                   "(slower prompts)");
    group.add_flag("!--no-repack", options.repack,
                   "Compute on quantized blocks as in the file: less memory, slower");
    group.add_flag("!--no-pin", options.pin_threads, "Do not bind threads to CPUs");
}

void add_profile_option(CLI::App& command, ModelOptions& options) {
    command.add_flag("--profile", options.profile,
                     "Also print the time of every op, over all layers and steps, with the waiting for the "
                     "slowest thread; "
                     "generate prints it to standard error");
}

void add_model_options(CLI::App& command, AskedOptions& options) {
    add_compute_options(command, options);
    const auto take_context = [&options](const std::string& text) {
        options.context = parse_count("--context", text, 0, max_context);
        options.context_asked = true;
    };
    command
        .add_option_function<std::string>(
            "--context", take_context,
            fmt::format("Tokens that a sequence can hold, at most what the model was trained for; 0: as "
                        "trained [{}]",
                        options.context))
        ->type_name("N");
    add_count(command, "--sequences", options.sequences, 1, max_sequences,
              fmt::format("Sequences alive at once [{}]", options.sequences));
}

void note_context(const AskedOptions& asked, std::uint32_t context) {
    if (!asked.context_asked || asked.context <= context) return;
    remark(fmt::format("lamina: --context {} is cut to {}: the model was trained for no more", asked.context,
                       context));
}

Model load_model(const std::string& path, AskedOptions options) {
    catch_signals();
    options.progress = loading_progress();
    options.log = warn;
    Model model = Model::load(path, options);
    stop_if_interrupted();
    note_context(options, model.options().context);
    return model;
}

void add_answer_options(CLI::App& command, AnswerOptions& options) {
    add_sampling_options(command, options.sampling);
    command.add_flag("--greedy", options.greedy, "Always the likeliest token: --temperature 0");
    command.add_option("--stop", options.stop, "End before this text; may be repeated")
        ->type_name("TEXT")
        ->allow_extra_args(false);
    add_choice<WhenFull>(command, "--when-full", options.when_full,
                         {{"stop", WhenFull::stop}, {"shift", WhenFull::shift}},
                         "Full context: stop, or forget the older half and go on");
}

void AnswerOptions::apply(Request& request) const {
    for (const std::string& text : stop) require_utf8(text, "--stop");
    if (when_full == WhenFull::shift && request.max_tokens == 0) {
        throw Error(ErrorCode::invalid_argument, ErrorDetails{.subject = "--when-full shift",
                                                              .expected = "-n N, or it would never end",
                                                              .found = "no limit"});
    }
    request.sampling = sampling;
    if (greedy) request.sampling.temperature = 0;
    request.stop = stop;
    request.when_full = when_full;
}

}  // namespace lamina::cli
