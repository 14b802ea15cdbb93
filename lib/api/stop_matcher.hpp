// Finds the first of several strings in text that arrives in parts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lamina::api {

// The result does not depend on where the parts end. The text ends before the stop string that is complete
// first; of several that end at the same byte, the longest counts. A byte costs amortized O(1) a stop string.
class StopMatcher {
  public:
    // Throws invalid_argument for empty strings, strings that are no UTF-8 or longer than 64 KiB, and more
    // than 256.
    explicit StopMatcher(std::vector<std::string> stops);

    struct Result {
        std::string text;      // can be released: no part of a stop string, come what may
        bool stopped = false;  // a stop string is complete; text holds what stood before it
    };
    Result push(std::string_view text);  // not after a stop
    std::string flush();                 // what was held back, at the end of the text

  private:
    struct Stop {
        std::string text;
        std::vector<std::size_t>
            border;               // [i]: the longest proper prefix of text[0, i] that is a suffix of it (KMP)
        std::size_t matched = 0;  // the longest prefix that the text so far ends with
    };
    static void advance(Stop& stop, char byte);

    std::vector<Stop> stops_;
    std::string held_;
};

}  // namespace lamina::api
