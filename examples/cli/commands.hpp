// The subcommands of the tool, one file each. Every add_* describes its options to CLI11 and, when the
// command line asks for it, sets `action`: what is run once everything is parsed. An action returns the exit
// status.
#pragma once

#include <functional>

#include "cli11.hpp"

namespace lamina::cli {

using Action = std::function<int()>;

inline constexpr int status_ok = 0;
inline constexpr int status_failed = 1;
inline constexpr int status_wrong_usage = 2;
inline constexpr int status_interrupted = 130;  // 128 + SIGINT, as shells report it

void add_bench(CLI::App& tool, Action& action);
void add_chat(CLI::App& tool, Action& action);
void add_compare(CLI::App& tool, Action& action);
void add_completion(CLI::App& tool, Action& action);
void add_generate(CLI::App& tool, Action& action);
void add_help(CLI::App& tool, Action& action);
void add_info(CLI::App& tool, Action& action);
void add_logits(CLI::App& tool, Action& action);
void add_man(CLI::App& tool, Action& action);
void add_plan(CLI::App& tool, Action& action);
void add_render(CLI::App& tool, Action& action);
void add_tokenize(CLI::App& tool, Action& action);

}  // namespace lamina::cli
