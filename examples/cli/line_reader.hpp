// Lines from a person or a pipe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lamina::cli {

class LineEditor;

// On a terminal lines are edited after a prompt (libedit); from a pipe, or on a terminal that cannot do it,
// they are read as they come. The terminal is as it was whenever read() is not running.
class LineReader {
  public:
    enum class Event {
        line,
        cleared,      // Ctrl-C on a line with text, which is dropped
        interrupted,  // Ctrl-C on an empty line
        end,          // Ctrl-D or the end of the input
    };

    LineReader();
    ~LineReader();
    LineReader(const LineReader&) = delete;
    LineReader& operator=(const LineReader&) = delete;

    // Without the newline that ended it; a line that was pasted or recalled may hold others. Throws Error
    // bad_file where a line is longer than 16 MiB, io where it cannot be read.
    Event read(std::string& line, std::string_view prompt);

    // What the arrow keys bring back, oldest first; nothing where lines are not edited.
    void remember(const std::string& entry);
    // What Tab completes at the beginning of a line.
    void complete(std::vector<std::string> words);

    // Whether a key was pressed in the last line, be it to no effect; where lines are not edited, no.
    bool touched() const;

    bool interactive() const;  // standard input and output are a terminal

  private:
    Event read_plain(std::string& line);
    bool take_line(std::string& line);

    std::unique_ptr<LineEditor> editor_;  // only where lines can be edited
    std::string buffer_;                  // read, but not yet given out
    std::size_t searched_ = 0;            // bytes of it that hold no newline
    bool ended_ = false;
};

}  // namespace lamina::cli
