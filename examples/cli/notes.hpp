// What is to know about the tool as a whole besides its options: for `lamina --help` and the man page.
#pragma once

#include <string>
#include <vector>

namespace lamina::cli {

struct NoteEntry {
    std::string term = {};
    std::string text = {};
};

struct Note {
    std::string title = {};  // "Environment"
    std::vector<NoteEntry> entries = {};
};

const std::vector<Note>& notes();

}  // namespace lamina::cli
