#include "colour.hpp"

#include <fmt/core.h>

#include <cstdlib>

#include "terminal.hpp"

namespace lamina::cli {
namespace {

Colours chosen = Colours::automatic;  // set once, when the command line is read

// https://no-color.org, https://bixense.com/clicolors
bool is_set(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr && *value != 0;
}

bool is_set_to(const char* name, bool on) {
    return is_set(name) && (std::string_view(std::getenv(name)) != "0") == on;
}

}  // namespace

void choose_colours(Colours choice) { chosen = choice; }

bool coloured(std::FILE* stream) {
    if (chosen != Colours::automatic) return chosen == Colours::always;
    if (is_set("NO_COLOR")) return false;
    if (is_set_to("CLICOLOR_FORCE", true)) return true;
    return is_terminal(stream) && !is_dumb() && !is_set_to("CLICOLOR", false);
}

std::string styled(Style style, std::string_view text, std::FILE* stream) {
    if (!coloured(stream)) return std::string(text);
    const std::string_view code = style == Style::bold ? "1" : style == Style::faint ? "2" : "1;31";
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace lamina::cli
