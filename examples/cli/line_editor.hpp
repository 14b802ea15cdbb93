// Lines from a person or a pipe.
#pragma once

#include <memory>
#include <string>

namespace lamina::cli {

// On a terminal lines are edited (libedit, with this session's history) after a prompt; from a pipe they are
// read as they come. The terminal is as it was whenever read() is not running, and after SIGTERM, SIGHUP and
// SIGQUIT too.
class LineReader {
  public:
    enum class Event {
        line,
        interrupted,  // Ctrl-C; what was typed is dropped
        end,          // Ctrl-D or the end of the input
    };

    LineReader();
    ~LineReader();
    LineReader(const LineReader&) = delete;
    LineReader& operator=(const LineReader&) = delete;

    Event read(std::string& line);
    bool interactive() const;  // standard input and output are a terminal

  private:
    struct Editor;
    std::unique_ptr<Editor> editor_;  // only where lines can be edited
};

}  // namespace lamina::cli
