// Options that several subcommands share, and how wrong ones are refused.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli11.hpp"
#include "lamina/engine.hpp"
#include "lamina/model.hpp"
#include "lamina/sampling.hpp"

namespace lamina::cli {

// What stands for a value in help; shells complete these two with files.
inline constexpr const char* file_value = "FILE";
inline constexpr const char* model_value = "MODEL";

// The group of --help and its like, which is shown last.
inline constexpr const char* general_group = "General";

// --color
void add_colour_option(CLI::App& command);

// --profile: ModelOptions::profile.
void add_profile_option(CLI::App& command, ModelOptions& options);

// MODEL, required.
void add_model_path(CLI::App& command, std::string& path);

// An argument without dashes that is one of a few words.
CLI::Option* add_word(CLI::App& command, const std::string& name, std::string& value,
                      const std::vector<std::string>& words, const std::string& help);

// A whole number in low..high; everything else is wrong usage that says so.
CLI::Option* add_count(CLI::App& command, const std::string& names, std::uint32_t& value, std::uint64_t low,
                       std::uint64_t high, const std::string& help);

// The same for a list as in 1,8,32.
void add_counts(CLI::App& command, const std::string& name, std::vector<std::uint32_t>& values,
                std::uint64_t low, std::uint64_t high, const std::string& help);

// --threads, --backend, --device, --batch-tokens, --cache-type, --compute, --load, --no-pin.
void add_compute_options(CLI::App& command, ModelOptions& options);

struct AskedOptions : ModelOptions {
    bool context_asked = false;  // --context was given
};

// The same and --context, --sequences.
void add_model_options(CLI::App& command, AskedOptions& options);

// Says so where the context is less than --context asked for.
void note_context(const AskedOptions& asked, std::uint32_t context);

// Options with a progress bar and warnings on standard error. Throws Error cancelled after Ctrl-C.
Model load_model(const std::string& path, AskedOptions options);

// --temperature ... --logit-bias, --stop, --when-full.
struct AnswerOptions {
    SamplingParams sampling;
    bool greedy = false;
    std::vector<std::string> stop;
    WhenFull when_full = WhenFull::stop;

    void apply(Request& request) const;
};
void add_answer_options(CLI::App& command, AnswerOptions& options);

}  // namespace lamina::cli
