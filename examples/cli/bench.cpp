// lamina bench: speed of prefill and of decoding batches.
#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "commands.hpp"
#include "description.hpp"
#include "lamina/lamina.hpp"
#include "options.hpp"
#include "profile.hpp"
#include "progress.hpp"
#include "signals.hpp"
#include "terminal.hpp"

namespace lamina::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
    std::string model;
    std::uint32_t prompt = 512;
    std::uint32_t generate = 32;
    std::uint32_t context = 16;
    std::uint32_t repeat = 3;
    std::vector<std::uint32_t> batches = {1, 8, 32};
    bool json = false;
    AskedOptions options;
};

struct Result {
    std::string test;
    std::uint32_t batch = 0;
    double tokens_per_s = 0;
    double seconds = 0;
    std::uint64_t weight_bytes = 0;
    double read_bandwidth_fraction = 0;
    double peak_rate_fraction = 0;     // of the multiplications; 0: the peak is not known
    std::vector<OpTime> profile = {};  // of the last run
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Operations a second of the arithmetic that most weights are multiplied in.
double peak_rate(const ModelInfo& info, const DeviceSpeed& speed) {
    const auto most =
        std::max_element(info.types.begin(), info.types.end(),
                         [](const TypeCount& a, const TypeCount& b) { return a.bytes < b.bytes; });
    const std::string type = most == info.types.end() ? "" : most->type;
    if (type == "bf16" && speed.bf16_operations_per_s > 0) return speed.bf16_operations_per_s;
    if (type == "f32" || type == "f16" || type == "bf16") return speed.f32_operations_per_s;
    // Matrix units multiply quantized weights as bf16, and are ahead of int8.
    return std::max(speed.int8_operations_per_s, speed.bf16_operations_per_s);
}

// Works on token ids alone, so that a model without vocabulary will do. Ids are drawn evenly from a fixed
// seed; decoding feeds drawn ids too, so that every run does the same work.
class Bench {
  public:
    Bench(const Model& model, const Arguments& arguments)
        : arguments_(arguments),
          model_(model),
          session_(model),
          batch_tokens_(model.options().batch_tokens),
          pick_(0, static_cast<TokenId>(model.info().vocabulary) - 1),
          speed_(measure(model)) {}

    Result prefill() {
        const Activity activity(fmt::format("measuring prefill of {} tokens", arguments_.prompt));
        const std::vector<TokenId> prompt = draw(arguments_.prompt);
        open(1);
        const double seconds = median_of([&] { return timed([&] { append(std::span(prompt)); }); });
        close();
        // Weights are read once a step of batch_tokens rows.
        const std::uint32_t reads = (arguments_.prompt + batch_tokens_ - 1) / batch_tokens_;
        return result("prefill", 1, arguments_.prompt, seconds, reads, 1);
    }

    Result decode(std::uint32_t batch) {
        const Activity activity(fmt::format("measuring decoding of batch {}", batch));
        open(batch);
        const std::vector<TokenId> before = draw(std::size_t{batch} * arguments_.context);
        const std::vector<TokenId> after = draw(std::size_t{batch} * arguments_.generate);
        const auto once = [&] {
            if (arguments_.context > 0) append(before);
            return timed([&] {
                for (std::size_t step = 0; step < arguments_.generate; ++step) {
                    append(std::span(after).subspan(step * batch, batch));
                }
            });
        };
        const double seconds = median_of(once);
        close();
        const double tokens = double{1} * batch * arguments_.generate;
        return result("decode", batch, tokens, seconds, arguments_.generate, tokens);
    }

  private:
    static DeviceSpeed measure(const Model& model) {
        const Activity activity("measuring the device");
        return model.measure_device();
    }

    std::vector<TokenId> draw(std::size_t count) {
        std::vector<TokenId> tokens(count);
        for (TokenId& token : tokens) token = pick_(random_);
        return tokens;
    }

    void open(std::uint32_t batch) {
        for (std::uint32_t i = 0; i < batch; ++i) sequences_.push_back(session_.open());
    }

    void close() {
        for (const SequenceId sequence : sequences_) session_.close(sequence);
        sequences_.clear();
    }

    // The tokens in equal parts to all sequences, a step at a time, so that Ctrl-C is heard between any two;
    // logits of each sequence's last token alone.
    void append(std::span<const TokenId> tokens) {
        const std::size_t each = tokens.size() / sequences_.size();
        for (std::size_t begin = 0; begin < tokens.size();) {
            stop_if_interrupted();
            items_.clear();
            const std::size_t end = std::min(begin + batch_tokens_, tokens.size());
            while (begin < end) {
                const std::size_t whole = (begin / each + 1) * each;
                const std::size_t stop = std::min(whole, end);
                items_.push_back({.sequence = sequences_[begin / each],
                                  .tokens = tokens.subspan(begin, stop - begin),
                                  .logits = stop == whole ? WantedLogits::last : WantedLogits::none});
                begin = stop;
            }
            session_.forward(items_, [](std::size_t, std::size_t, std::span<const float>) {});
        }
    }

    // Seconds of the work, whose profile is kept.
    template <class Work>
    double timed(const Work& work) {
        model_.take_profile();
        const auto start = Clock::now();
        work();
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        profile_ = model_.take_profile();
        return seconds;
    }

    // Of `repeat` runs from empty sequences, after one that warms up.
    template <class Run>
    double median_of(const Run& run) {
        std::vector<double> seconds;
        for (std::uint32_t i = 0; i <= arguments_.repeat; ++i) {
            for (const SequenceId sequence : sequences_) session_.truncate(sequence, 0);
            const double taken = run();
            if (i > 0) seconds.push_back(taken);
        }
        return median(std::move(seconds));
    }

    // `wanted`: tokens of which there are logits; the others skip the output matrix.
    Result result(std::string test, std::uint32_t batch, double tokens, double seconds, double weight_reads,
                  double wanted) const {
        const ModelInfo& info = model_.info();
        const auto fraction = [seconds](double done, double per_s) {
            return per_s > 0 ? done / seconds / per_s : 0;
        };
        const double output = double{1} * info.vocabulary * info.embedding;
        const double multiplications =
            tokens * (static_cast<double>(info.weights_per_token) - output) + wanted * output;
        return {.test = std::move(test),
                .batch = batch,
                .tokens_per_s = tokens / seconds,
                .seconds = seconds,
                .weight_bytes = info.weight_bytes_per_token,
                .read_bandwidth_fraction = fraction(
                    weight_reads * static_cast<double>(info.weight_bytes_per_token), speed_.read_bytes_per_s),
                .peak_rate_fraction = fraction(2 * multiplications, peak_rate(info, speed_)),
                .profile = profile_};
    }

    const Arguments& arguments_;
    Model model_;
    Session session_;
    std::uint32_t batch_tokens_;
    std::mt19937_64 random_{20240726};
    std::uniform_int_distribution<TokenId> pick_;
    DeviceSpeed speed_;
    std::vector<SequenceId> sequences_;
    std::vector<SequenceTokens> items_;
    std::vector<OpTime> profile_;
};

void print_header() {
    fmt::print("{:<8} {:>6} {:>12} {:>10} {:>19} {:>14}\n", "test", "batch", "tokens/s", "seconds",
               "of read bandwidth", "of peak rate");
}

void print_result(const Result& r, bool json) {
    if (json) {
        nlohmann::ordered_json out = {{"test", r.test},
                                      {"batch", r.batch},
                                      {"tokens_per_s", r.tokens_per_s},
                                      {"seconds", r.seconds},
                                      {"weight_bytes", r.weight_bytes},
                                      {"read_bandwidth_fraction", r.read_bandwidth_fraction},
                                      {"peak_rate_fraction", r.peak_rate_fraction}};
        if (!r.profile.empty()) out["profile"] = profile_json(r.profile);
        fmt::print("{}\n", out.dump());
    } else {
        fmt::print("{:<8} {:>6} {:>12.1f} {:>10.3f} {:>17.1f} % {:>12.1f} %\n", r.test, r.batch,
                   r.tokens_per_s, r.seconds, 100 * r.read_bandwidth_fraction, 100 * r.peak_rate_fraction);
        if (!r.profile.empty()) print_profile(stdout, r.profile);
    }
    std::fflush(stdout);
}

int bench(const Arguments& arguments) {
    catch_signals();
    AskedOptions options = arguments.options;
    const bool decodes = arguments.generate > 0 && !arguments.batches.empty();
    const std::uint32_t most =
        decodes ? *std::max_element(arguments.batches.begin(), arguments.batches.end()) : 1;
    options.context = std::max({arguments.prompt, decodes ? arguments.context + arguments.generate : 0, 1U});
    options.sequences = most;
    options.batch_tokens = std::max(options.batch_tokens, most);
    const Model model = load_model(arguments.model, options);
    Bench runs(model, arguments);
    const bool json = arguments.json || !is_terminal(stdout);
    bool begun = false;
    const auto print = [&](const Result& result) {  // the header with the first row: Ctrl-C may come before
        if (!json && !std::exchange(begun, true)) print_header();
        print_result(result, json);
    };
    if (arguments.prompt > 0) print(runs.prefill());
    if (!decodes) return status_ok;
    for (const std::uint32_t batch : arguments.batches) print(runs.decode(batch));
    return status_ok;
}

}  // namespace

void add_bench(CLI::App& tool, Action& action) {
    auto arguments = std::make_shared<Arguments>();
    constexpr std::uint32_t most = 1U << 24;
    CLI::App& command = *tool.add_subcommand("bench");
    set_description(
        command, "Measure prefill and decode speed",
        "Each test runs several times and the median counts. The read bandwidth is what this machine's "
        "memory was seen to deliver; decoding one sequence cannot be faster than reading all weights "
        "for each token. The peak rate is what its processors were seen to multiply without touching "
        "memory; long prompts and large batches come near it.");
    set_examples(command, {{"The usual tests", "lamina bench model.gguf"},
                           {"Decoding alone, far into a context",
                            "lamina bench model.gguf --prompt 0 --batch 1,4 --context 2048"},
                           {"Where the time of decoding goes",
                            "lamina bench model.gguf --prompt 0 --batch 1 --profile"},
                           {"For a script, one JSON object a line", "lamina bench model.gguf --json"}});
    add_model_path(command, arguments->model);
    add_count(command, "--prompt", arguments->prompt, 0, most, "Tokens of the prefill; 0: none [512]");
    add_count(command, "--generate", arguments->generate, 0, most,
              "Tokens that each sequence decodes; 0: none [32]");
    add_count(command, "--context", arguments->context, 0, most, "Tokens before decoding begins [16]");
    add_counts(command, "--batch", arguments->batches, 1, max_sequences,
               "Sequences decoded at once; of a list one after the other [1,8,32]");
    add_count(command, "--repeat", arguments->repeat, 1, 1000,
              "Runs of each, of which the median counts [3]");
    command.add_flag("--json", arguments->json, "One JSON object a line, as when the output is no terminal");
    add_profile_option(command, arguments->options);
    add_compute_options(command, arguments->options);
    command.callback([arguments, &action] {
        if (arguments->prompt == 0 && arguments->generate == 0)
            throw CLI::ValidationError("--prompt", "expected something to measure, found 0 and --generate 0");
        action = [arguments] { return bench(*arguments); };
    });
}

}  // namespace lamina::cli
