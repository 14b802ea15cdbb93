// Colours and weights of text: on terminals only, or as the user asks.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace lamina::cli {

// --color, which beats the environment. Automatic: NO_COLOR says no, CLICOLOR_FORCE yes, else terminals that
// are not dumb have colours.
enum class Colours { automatic, always, never };
void choose_colours(Colours choice);

bool coloured(std::FILE* stream);

enum class Style { bold, faint, error };

// The text as `stream` shows it in that style; unchanged where it has no colours.
std::string styled(Style style, std::string_view text, std::FILE* stream);

}  // namespace lamina::cli
