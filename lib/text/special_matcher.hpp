// Finds control or user-defined tokens in text, in time linear in the text whatever the tokens are.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lamina::text {

// The automaton of Aho and Corasick ("Efficient string matching", CACM 1975) over the reversed tokens: run
// from the end of the text to its beginning, it knows at each byte the longest token that begins there.
class SpecialMatcher {
  public:
    struct Entry {
        std::string text;  // an empty text is left out
        std::int32_t id = 0;
    };
    struct Match {
        std::size_t begin = 0;
        std::size_t end = 0;
        std::int32_t id = 0;
    };

    explicit SpecialMatcher(const std::vector<Entry>& entries);

    // The matches that do not overlap, the leftmost first and of those the longest; appended in order.
    // Positions count from the start of the whole text, of which `text` begins at `offset`.
    void find(std::string_view text, std::size_t offset, std::vector<Match>& out) const;

  private:
    struct Node {
        std::uint32_t child = 0;    // first child; 0: none
        std::uint32_t sibling = 0;  // next child of the same parent
        std::uint32_t fail = 0;     // the longest proper suffix that is a node
        std::uint32_t length = 0;   // of the longest token that ends here; 0: none
        std::int32_t id = 0;        // of that token
        unsigned char byte = 0;
    };
    void insert(const Entry& entry);
    void link();
    std::uint32_t child(std::uint32_t node, unsigned char byte) const;
    std::uint32_t step(std::uint32_t node, unsigned char byte) const;

    std::vector<Node> nodes_{1};
    std::array<std::uint32_t, 256> root_{};  // children of the root
};

}  // namespace lamina::text
