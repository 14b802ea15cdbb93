// Token ids to text, one at a time.
#pragma once

#include <memory>
#include <string>

#include "text/tokenizer.hpp"
#include "text/utf8.hpp"

namespace lamina::text {

// Holds back the bytes of a character until it is complete; bytes that can become none turn into U+FFFD as
// soon as that is known. What all pushes and the flush give is what Tokenizer::decode gives.
class Detokenizer {
  public:
    Detokenizer(std::shared_ptr<const Tokenizer> tokenizer, bool special)
        : tokenizer_(std::move(tokenizer)), special_(special) {}

    std::string push(std::int32_t id);  // throws invalid_argument for an id outside the vocabulary
    std::string flush();                // the next push begins a new text

  private:
    std::shared_ptr<const Tokenizer> tokenizer_;
    Utf8Repair repair_;
    bool special_ = false;
    bool start_ = true;
};

}  // namespace lamina::text
