// Editing lines on a terminal with libedit: history, pasted text, newlines within a message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <histedit.h>

#include "line_reader.hpp"

namespace lamina::cli {

// Keys are those of emacs or what ~/.editrc says, and besides: Alt-Enter begins a new line within the text,
// Tab completes words, text pasted is taken as it is, newlines too. Ctrl-Z, fg and a new size of the window
// are minded while a line is edited. One at a time: signals know of one.
class LineEditor {
  public:
    LineEditor();
    ~LineEditor();
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;

    LineReader::Event read(std::string& line, std::string_view prompt);
    void remember(const std::string& entry);
    void complete(std::vector<std::string> words) { words_ = std::move(words); }
    bool touched() const { return touched_; }

  private:
    static LineEditor& of(EditLine* lines);
    static char* prompt(EditLine* lines);
    static int on_read(EditLine* lines, wchar_t* out);
    static unsigned char on_paste(EditLine* lines, int key);
    static unsigned char on_newline(EditLine* lines, int key);
    static unsigned char on_complete(EditLine* lines, int key);
    void bind_keys();

    EditLine* lines_;
    History* history_;
    std::string prompt_;
    bool touched_ = false;
    std::vector<std::string> words_;
};

}  // namespace lamina::cli
