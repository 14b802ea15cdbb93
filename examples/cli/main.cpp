// The `lamina` tool: parses the command line, runs one subcommand, turns every failure into one line and a
// status.
#include <fmt/core.h>

#include <clocale>
#include <cstring>
#include <lamina/error.hpp>
#include <new>

#include "commands.hpp"
#include "terminal.hpp"

namespace lamina::cli {
namespace {

std::string first_line(const std::string& text) {
    const std::size_t end = text.find('\n');
    return end == std::string::npos ? text : text.substr(0, end);
}

int complain(std::string_view where, const std::string& message, int status) {
    std::fflush(stdout);
    fmt::print(stderr, "{}: {}\n", where, first_line(message));
    return status;
}

std::string name_of(const CLI::App& tool) {
    const auto chosen = tool.get_subcommands();
    return chosen.empty() ? "lamina" : "lamina " + chosen.front()->get_name();
}

int parse(CLI::App& tool, int argc, char** argv) {
    const auto is_asked_for = [&](const CLI::App* command) { return command->get_name() == argv[1]; };
    if (argc > 1 && argv[1][0] != '-' && tool.get_subcommands(is_asked_for).empty()) {
        return complain("lamina", fmt::format("no command '{}' (lamina --help)", argv[1]),
                        status_wrong_usage);
    }
    try {
        tool.parse(argc, argv);
        return status_ok;
    } catch (const CLI::Success& request) {  // --help, --version
        tool.exit(request);
        return -1;
    } catch (const CLI::ParseError& error) {
        const std::string name = name_of(tool);
        return complain(name, fmt::format("{} ({} --help)", first_line(error.what()), name),
                        status_wrong_usage);
    }
}

int run(const Action& action, std::string_view name) {
    try {
        return action();
    } catch (const Error& error) {
        if (error.code() == ErrorCode::cancelled && interrupted()) return status_interrupted;
        return complain(name, error.what(), status_failed);
    } catch (const std::bad_alloc&) {
        return complain(name, "out of memory", status_failed);
    } catch (const std::exception& error) { return complain(name, error.what(), status_failed); }
}

// What was printed must have arrived: a full disk is an error, not a short file.
int finish(int status, std::string_view name) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    return status != status_ok
               ? status
               : complain(name, std::string("standard output: ") + std::strerror(errno), status_failed);
}

int tool_main(int argc, char** argv) {
    use_utf8_locale();
    CLI::App tool("Runs language models from GGUF files.", "lamina");
    tool.set_version_flag("--version", "lamina " LAMINA_VERSION);
    tool.require_subcommand(1);
    Action action;
    add_chat(tool, action);
    add_generate(tool, action);
    add_info(tool, action);
    add_plan(tool, action);
    add_tokenize(tool, action);
    add_render(tool, action);
    add_logits(tool, action);
    add_compare(tool, action);
    add_bench(tool, action);
    const int parsed = parse(tool, argc, argv);
    if (parsed == -1) return finish(status_ok, "lamina");
    if (parsed != status_ok) return parsed;
    const std::string name = name_of(tool);
    return finish(run(action, name), name);
}

}  // namespace
}  // namespace lamina::cli

int main(int argc, char** argv) { return lamina::cli::tool_main(argc, argv); }
