// What the tool does on a terminal and nowhere else, and Ctrl-C.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "lamina/model.hpp"

namespace lamina::cli {

// Characters are UTF-8 for line editing too, whatever the environment says.
void use_utf8_locale();

bool is_terminal(std::FILE* stream);

// A piece of a model's answer to standard output, at once; main() notices what could not be written. On a
// terminal without control characters that would steer it; tabs and newlines stay.
void print_piece(std::string_view text);

// A remark beside the output proper: on standard error, faint on a terminal (unless NO_COLOR is set).
void remark(std::string_view text);

// Ctrl-C becomes a flag that work looks at between steps.
enum class SecondInterrupt { quits, ignored };
void catch_interrupts(SecondInterrupt second);
bool interrupted();
void clear_interrupt();

// Waits for standard input; false where a signal came first. A signal that comes before the call counts too,
// which read() ended by EINTR could miss. Handlers of other signals than SIGINT call wake().
bool wait_for_input();
void wake();

// A bar on standard error while a model loads, if that is a terminal. Ctrl-C cancels the load.
ProgressCallback loading_progress();

}  // namespace lamina::cli
