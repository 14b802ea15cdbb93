#include "help.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "colour.hpp"
#include "commands.hpp"
#include "description.hpp"
#include "notes.hpp"
#include "options.hpp"
#include "terminal.hpp"
#include "text_layout.hpp"

namespace lamina::cli {
namespace {

// Lines get no longer than is good to read; in a narrow terminal the explanation goes below the name.
struct Layout {
    std::size_t width = 0;
    std::size_t column = 0;  // where explanations begin

    static Layout of_terminal() {
        const std::size_t width = std::clamp<std::size_t>(columns(stdout), 20, 100);
        return {.width = width, .column = width >= 64 ? 28U : 6U};
    }
};

std::string heading(const std::string& title) {
    return "\n" + styled(Style::bold, title + ":", stdout) + "\n";
}

// "  -p, --prompt TEXT     Answer this and exit"
std::string entry(const std::string& name, const std::string& text, const Layout& layout) {
    std::string out = "  " + name;
    std::string explained = indented(text, layout.column, layout.width);
    if (out.size() + 2 > layout.column) return out + "\n" + explained;
    return out + explained.substr(out.size());
}

std::string option_name(const OptionText& option) {
    std::string name = fmt::format("{}", fmt::join(option.names, ", "));
    if (!option.positional && !option.value.empty()) name += " " + option.value;
    return name;
}

std::string option_entry(const OptionText& option, const Layout& layout) {
    return entry(option_name(option), option.help + (option.required ? " (required)" : ""), layout);
}

std::string options_text(const CommandText& command, const Layout& layout) {
    std::string out;
    if (!command.arguments.empty()) out += heading("Arguments");
    for (const OptionText& argument : command.arguments) out += option_entry(argument, layout);
    for (const OptionGroup& group : command.groups) {
        out += heading(group.title + (group.needs_one ? " (exactly one of these)" : ""));
        for (const OptionText& option : group.options) out += option_entry(option, layout);
    }
    return out;
}

std::string commands_text(const CommandText& tool, const Layout& layout) {
    std::string out = heading("Commands");
    for (const CommandText& command : tool.commands) out += entry(command.name, command.summary, layout);
    return out + "\n" + indented("lamina COMMAND --help tells more about each.", 0, layout.width);
}

std::string notes_text(const Layout& layout) {
    std::string out;
    for (const Note& note : notes()) {
        out += heading(note.title);
        for (const NoteEntry& line : note.entries) out += entry(line.term, line.text, layout);
    }
    return out;
}

// Examples are lines to copy: they are not wrapped.
std::string examples_text(const std::string& examples) {
    std::string out = heading("Examples");
    for (std::size_t begin = 0; begin < examples.size();) {
        const std::size_t end = std::min(examples.find('\n', begin), examples.size());
        const std::string line = examples.substr(begin, end - begin);
        const bool comment = !line.empty() && line.front() == '#';
        if (!line.empty()) out += "  " + (comment ? styled(Style::faint, line, stdout) : line);
        out += "\n";
        begin = end + 1;
    }
    return out;
}

int print_help(const CLI::App& tool, const std::string& command) {
    fmt::print("{}", help_text(command.empty() ? tool : *tool.get_subcommand(command)));
    return status_ok;
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
    return help_text(*app);
}

std::string help_text(const CLI::App& app) {
    const CommandText command = describe(app);
    const Layout layout = Layout::of_terminal();
    const bool is_root = !command.commands.empty();
    std::string out = indented(command.summary, 0, layout.width);
    out += "\n" + styled(Style::bold, "Usage:", stdout) + " " + command.usage + "\n";
    if (!command.details.empty()) out += "\n" + indented(command.details, 0, layout.width);
    if (is_root) out += commands_text(command, layout);
    out += options_text(command, layout);
    if (!command.examples.empty()) out += examples_text(command.examples);
    if (is_root) out += notes_text(layout);
    return out;
}

void add_help(CLI::App& tool, Action& action) {
    auto name = std::make_shared<std::string>();
    std::vector<std::string> names;
    for (const CommandText& command : describe(tool).commands) names.push_back(command.name);
    CLI::App& command = *tool.add_subcommand("help", "Show this help, or that of a command");
    names.emplace_back("help");
    add_word(command, "COMMAND", *name, names, "The command to explain");
    command.callback([name, &tool, &action] { action = [name, &tool] { return print_help(tool, *name); }; });
}

}  // namespace lamina::cli
