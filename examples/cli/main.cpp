// The `lamina` tool: parses the command line, runs one subcommand, turns every failure into one line and a
// status.
#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <cstring>
#include <lamina/error.hpp>
#include <new>

#include "colour.hpp"
#include "signals.hpp"
#include "terminal.hpp"
#include "tool.hpp"
#include "usage.hpp"

namespace lamina::cli {
namespace {

int complain(std::string_view where, const std::string& message, int status) {
    std::fflush(stdout);
    const std::string line = one_line(message);
    fmt::print(stderr, "{} {}\n", styled(Style::error, fmt::format("{}:", where), stderr), line);
    return status;
}

// The status, or nothing where there is an action to run.
std::optional<int> parse(CLI::App& tool, int argc, char** argv) {
    try {
        tool.parse(argc, argv);
        return std::nullopt;
    } catch (const CLI::Success& request) {  // --help, --version
        tool.exit(request);
        return status_ok;
    } catch (const CLI::ParseError& error) {
        return complain(name_of(tool), explain(tool, error), status_wrong_usage);
    }
}

// Values of options that only the library can judge are as wrong as others.
bool is_about_options(const Error& error) {
    const std::string& area = error.details().area;
    return error.code() == ErrorCode::invalid_argument && (area == "options" || area == "backend");
}

int run(const Action& action, std::string_view name) {
    try {
        return action();
    } catch (const Error& error) {
        if (error.code() == ErrorCode::cancelled && interrupted()) return status_interrupted;
        return complain(name, error.what(), is_about_options(error) ? status_wrong_usage : status_failed);
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
    CLI::App tool("", "lamina");
    Action action;
    describe_tool(tool, action);
    if (const std::optional<int> done = parse(tool, argc, argv)) return finish(*done, "lamina");
    const std::string name = name_of(tool);
    return finish(run(action, name), name);
}

}  // namespace
}  // namespace lamina::cli

int main(int argc, char** argv) { return lamina::cli::tool_main(argc, argv); }
