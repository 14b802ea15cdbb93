// Splits text into the pieces within which byte-level BPE merges, by the pattern that a vocabulary names.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace lamina::text {

// One row of the table in patterns.cpp.
struct Pattern {
    std::string_view name;  // as in tokenizer.ggml.pre
    std::vector<std::string_view>
        stages;                 // each splits the pieces of the one before, at both ends of every match
    bool whole_pieces = false;  // a piece that is a token stays whole, whatever the merges say
    bool add_bos = false;       // where the file does not say
};

// The row of that name. A name that the table lacks, "default" and "" get the row of gpt-2.
const Pattern& find_pattern(std::string_view name);
bool has_pattern(std::string_view name);

class Pretokenizer {
  public:
    explicit Pretokenizer(const Pattern& pattern);
    ~Pretokenizer();

    // Calls `piece` for each piece in order; together they are the text. `text` must be well-formed UTF-8.
    // Throws nothing but bad_alloc: where PCRE2 reaches a limit, the rest of that stage's piece stays whole.
    void split(std::string_view text, const std::function<void(std::string_view)>& piece) const;

  private:
    class Stage;
    class Matches;
    void split(std::size_t stage, std::string_view text, Matches& matches,
               const std::function<void(std::string_view)>& piece) const;

    std::vector<Stage> stages_;
};

}  // namespace lamina::text
