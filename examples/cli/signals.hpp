// Ctrl-C and the other signals that end the process.
#pragma once

namespace lamina::cli {

// From here on Ctrl-C is a flag that work looks at between steps; a second one before the first was heard
// ends the process at once (status 130). SIGTERM, SIGHUP and SIGQUIT end it as ever, but leave the terminal
// as it was. Does nothing when called again.
void catch_signals();

bool interrupted();
void clear_interrupt();
// For work between its steps: throws Error cancelled once Ctrl-C was pressed.
void stop_if_interrupted();

// Waits for standard input; false where a signal came first, also one that came before the call. Reading
// alone would neither hear the former nor the latter. Handlers of other signals than SIGINT call wake().
bool wait_for_input();
void wake();

// What a signal does from now on. One that the parent had us ignore stays ignored.
void handle_signal(int number, void (*handler)(int), int flags);

}  // namespace lamina::cli
