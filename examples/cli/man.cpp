// lamina man: the manual page, in the man(7) macros of roff.
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "chat_commands.hpp"
#include "commands.hpp"
#include "description.hpp"
#include "notes.hpp"

namespace lamina::cli {
namespace {

// Text that roff prints as it is: a hyphen in an option is a minus, a line may not begin with a request.
std::string escaped(std::string_view text) {
    std::string out;
    bool line_begins = true;
    for (const char c : text) {
        if (line_begins && (c == '.' || c == '\'')) out += "\\&";
        line_begins = c == '\n';
        switch (c) {
            case '\\': out += "\\e"; break;
            case '-': out += "\\-"; break;
            case '\'': out += "\\(aq"; break;
            case '`': out += "\\(ga"; break;
            case '^': out += "\\(ha"; break;
            case '~': out += "\\(ti"; break;
            default: out += c;
        }
    }
    return out;
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

std::string section(const std::string& title) { return ".SH \"" + escaped(upper(title)) + "\"\n"; }

std::string bold(const std::string& text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + escaped(text) + "\\fR"; }

std::string entry(const std::string& term, const std::string& text) {
    return ".TP\n" + term + "\n" + escaped(text) + "\n";
}

std::string paragraphs(const std::string& text) {
    std::string out;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find("\n\n", begin), text.size());
        out += ".PP\n" + escaped(text.substr(begin, end - begin)) + "\n";
        begin = end + 2;
    }
    return out;
}

std::string option_entry(const OptionText& option) {
    std::vector<std::string> names;
    for (const std::string& name : option.names) names.push_back(bold(name));
    std::string term = fmt::format("{}", fmt::join(names, ", "));
    if (!option.positional && !option.value.empty()) term += " " + italic(option.value);
    return entry(term, option.help + (option.required ? " (required)" : ""));
}

// Lines that are kept as they are.
std::string literal(const std::string& text) {
    return ".PP\n.nf\n" + escaped(text) + (text.ends_with('\n') ? "" : "\n") + ".fi\n";
}

std::string usage(const CommandText& command) {
    const std::string rest = command.usage.substr(command.full_name.size());
    return bold(command.full_name) + escaped(rest) + "\n";
}

std::string options(const CommandText& command) {
    std::string out;
    for (const OptionText& argument : command.arguments) out += option_entry(argument);
    for (const OptionGroup& group : command.groups) {
        const std::string note = group.needs_one ? " (exactly one of these)" : "";
        out += ".PP\n" + italic(group.title + note) + "\n";
        for (const OptionText& option : group.options) out += option_entry(option);
    }
    return out;
}

std::string command_part(const CommandText& command) {
    std::string out = ".SS \"" + escaped(command.full_name) + "\"\n" + usage(command);
    out += paragraphs(command.summary + ".") + paragraphs(command.details) + options(command);
    if (!command.examples.empty()) out += ".PP\n" + italic("Examples") + "\n" + literal(command.examples);
    return out;
}

std::string chat_part() {
    std::string out = section("Commands in a chat");
    for (const ChatCommand& command : chat_commands()) {
        const std::string argument = command.argument.empty() ? "" : " " + italic(command.argument);
        out += entry(bold(command.name) + argument, command.help);
    }
    return out + paragraphs(std::string(chat_input_help)) + paragraphs(std::string(chat_keys_help));
}

std::string notes_part() {
    std::string out;
    for (const Note& note : notes()) {
        out += section(note.title);
        for (const NoteEntry& line : note.entries) out += entry(bold(line.term), line.text);
    }
    return out;
}

std::string manual(const CommandText& tool) {
    // No date: the same sources give the same page.
    std::string out = ".\\\" Written by lamina man.\n.TH LAMINA 1 \"\" \"lamina " LAMINA_VERSION
                      "\" \"User Commands\"\n.nh\n.ad l\n";
    out += section("Name") + "lamina \\- " + escaped(tool.summary) + "\n";
    out += section("Synopsis");
    out += ".nf\n";
    for (const CommandText& command : tool.commands) out += usage(command);
    out += ".fi\n";
    out += section("Options") + options(tool);
    out += section("Commands");
    for (const CommandText& command : tool.commands) out += command_part(command);
    out += chat_part() + notes_part();
    return out + section("Examples") + literal(tool.examples);
}

}  // namespace

void add_man(CLI::App& tool, Action& action) {
    CLI::App& command = *tool.add_subcommand("man");
    set_description(command, "Print the manual page",
                    "Prints roff. It is made from the same description as the help of every command.");
    set_examples(command, {{"Read it", "lamina man | man -l -"},
                           {"Install it for yourself", "lamina man > ~/.local/share/man/man1/lamina.1"}});
    command.callback([&tool, &action] {
        action = [&tool] {
            fmt::print("{}", manual(describe(tool)));
            return status_ok;
        };
    });
}

}  // namespace lamina::cli
