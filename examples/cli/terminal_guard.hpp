// What was changed on the terminal, so that it can be left as it was at any moment, from signal handlers too.
#pragma once

namespace lamina::cli::terminal_guard {

// Remembers the modes of standard input's terminal; before anything changes them.
void remember_modes();

// While a line is edited: the terminal's modes are changed and it marks what is pasted.
void begin_editing();
void end_editing();

// While a progress bar stands on the last line of standard error.
void bar_shown(bool shown);

// Puts everything back; may be called from a signal handler.
void leave() noexcept;

}  // namespace lamina::cli::terminal_guard
