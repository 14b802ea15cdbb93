#include "usage.hpp"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "description.hpp"
#include "suggest.hpp"

namespace lamina::cli {
namespace {

std::vector<std::string> command_names(const CLI::App& tool) {
    std::vector<std::string> names;
    for (const CommandText& command : describe(tool).commands) names.push_back(command.name);
    return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const OptionGroup& group : describe(command).groups) {
        for (const OptionText& option : group.options)
            names.insert(names.end(), option.names.begin(), option.names.end());
    }
    return names;
}

// What CLI11 could not place.
std::string explain_word(const CLI::App& tool, const std::string& word) {
    const auto chosen = tool.get_subcommands();
    if (!word.starts_with('-')) {
        if (!chosen.empty()) return fmt::format("unexpected argument '{}'", word);
        return fmt::format("no command '{}'{}", word, suggestion(word, command_names(tool)));
    }
    const std::string name = word.substr(0, word.find('='));
    const CLI::App& command = chosen.empty() ? tool : *chosen.front();
    return fmt::format("no option '{}'{}", name, suggestion(name, option_names(command)));
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

std::string name_of(const CLI::App& tool) {
    const auto chosen = tool.get_subcommands();
    return chosen.empty() ? "lamina" : "lamina " + chosen.front()->get_name();
}

std::string explain(const CLI::App& tool, const CLI::ParseError& error) {
    const std::vector<std::string> unplaced = tool.remaining(true);
    const bool by_word = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
                         dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
    std::string what = first_line(error.what());
    if (what == "A subcommand is required") what = "COMMAND is required";
    if (by_word && !unplaced.empty()) what = explain_word(tool, unplaced.front());
    return fmt::format("{} ({} --help)", what, name_of(tool));
}

}  // namespace lamina::cli
