// What the tool does on a terminal and nowhere else.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace lamina::cli {

// Characters are UTF-8 for line editing too, whatever the environment says.
void use_utf8_locale();

bool is_terminal(std::FILE* stream);
bool is_dumb();  // TERM says that the terminal knows no escape sequences

// The width of the terminal that `stream` is, else what COLUMNS says, else 80.
std::size_t columns(std::FILE* stream);

// A piece of a model's answer to standard output, at once. On a terminal without control characters that
// would steer it; tabs and newlines stay. False where it cannot be written, now or earlier.
bool print_piece(std::string_view text);

// Throws Error io where something could not be written to standard output.
void require_output();

// A remark beside the output proper: on standard error, faint on a terminal.
void remark(std::string_view text);

// The first line of a message, without control characters: file names and models have a say in it.
std::string one_line(std::string_view text);

}  // namespace lamina::cli
