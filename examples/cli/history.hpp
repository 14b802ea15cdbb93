// What was typed in earlier chats.
#pragma once

#include <string>
#include <vector>

namespace lamina::cli {

// $XDG_STATE_HOME/lamina/chat_history, ~/.local/state for the first where that is not set; empty where
// neither is known (https://specifications.freedesktop.org/basedir-spec).
std::string history_path();

// A file of entries, oldest first, one a line with \n and \\ for newlines and backslashes. Readable by its
// owner alone; several processes may add to it at once. It holds at most `most_entries` and `most_bytes`;
// longer entries than a quarter of that are not kept.
class HistoryFile {
  public:
    static constexpr std::size_t most_entries = 1000;
    static constexpr std::size_t most_bytes = 1 << 20;

    // Makes the file and its folders where they are missing. Throws Error io.
    explicit HistoryFile(std::string path);

    std::vector<std::string> read() const;  // lines that are no UTF-8 are left out
    void append(const std::string& entry) const;

  private:
    std::string path_;
};

}  // namespace lamina::cli
