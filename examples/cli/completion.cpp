// lamina completion: what shells need to complete a command line.
#include "completion.hpp"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "commands.hpp"
#include "options.hpp"

namespace lamina::cli {
namespace {

int print_completion(const CLI::App& tool, const std::string& shell) {
    const CommandText text = describe(tool);
    fmt::print("{}", shell == "bash"  ? bash_completion(text)
                     : shell == "zsh" ? zsh_completion(text)
                                      : fish_completion(text));
    return status_ok;
}

}  // namespace

std::vector<OptionText> all_options(const CommandText& command) {
    std::vector<OptionText> all;
    for (const OptionGroup& group : command.groups)
        all.insert(all.end(), group.options.begin(), group.options.end());
    return all;
}

std::string escape_each(std::string_view text, std::string_view characters, std::string_view escape) {
    std::string out;
    for (const char c : text) {
        if (characters.find(c) != std::string_view::npos) out += escape;
        out += c;
    }
    return out;
}

void add_completion(CLI::App& tool, Action& action) {
    auto shell = std::make_shared<std::string>();
    CLI::App& command = *tool.add_subcommand("completion");
    set_description(command, "Print what a shell needs to complete command lines of lamina",
                    "Commands, options, their values and model files are completed. An installed lamina has "
                    "brought these files along; the examples are for one that was only built.");
    add_word(command, "SHELL", *shell, {"bash", "zsh", "fish"}, "bash, zsh or fish")->required();
    set_examples(command,
                 {{"bash: in ~/.bashrc", "source <(lamina completion bash)"},
                  {"zsh: into a folder of $fpath", "lamina completion zsh > ~/.zsh/completions/_lamina"},
                  {"fish", "lamina completion fish > ~/.config/fish/completions/lamina.fish"}});
    command.callback(
        [shell, &tool, &action] { action = [shell, &tool] { return print_completion(tool, *shell); }; });
}

}  // namespace lamina::cli
