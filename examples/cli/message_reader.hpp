// Messages of one or several lines.
#pragma once

#include <string>

#include "line_reader.hpp"

namespace lamina::cli {

struct ChatInput {
    std::string text = {};
    bool literal = false;  // between quotes: never a command
};

// How messages are typed, for /help and the man page.
inline constexpr std::string_view chat_input_help =
    "A line that ends in a backslash goes on in the next one. Lines between \"\"\" and \"\"\" are one "
    "message as "
    "they stand. On a terminal Alt-Enter begins a new line, and pasted text may have several.";

// What keys do, for help.
inline constexpr std::string_view chat_keys_help =
    "Ctrl-C stops an answer or drops what was typed; twice on an empty line it leaves. Other keys are those "
    "of "
    "Emacs: Ctrl-R searches the history. A space at the beginning says to the model what looks like a "
    "command, "
    "and keeps it out of the history.";

// Puts lines together: one that ends in a backslash goes on in the next, lines between """ and """ are one
// message as they stand.
class MessageReader {
  public:
    explicit MessageReader(LineReader& lines) : lines_(lines) {}

    // Interrupted and ended messages are dropped. Throws Error bad_file for quotes that a pipe does not
    // close, text that is no UTF-8, or more than 16 MiB.
    LineReader::Event read(ChatInput& input);

  private:
    LineReader::Event read_quoted(std::string& text);
    LineReader::Event read_continued(std::string& text);
    LineReader::Event read_line(std::string& line, std::string_view prompt);
    LineReader::Event read_next(std::string& line);

    LineReader& lines_;
};

// What brings the message back when it is typed: with its quotes if it needs them.
std::string as_typed(const ChatInput& input);

}  // namespace lamina::cli
