// Text that remembers who wrote each of its bytes, so that a message cannot forge a control token.
#pragma once

#include <string>
#include <vector>

namespace lamina::text {

struct Span {
    std::size_t size = 0;  // bytes
    bool trusted = false;  // written by the template itself; control tokens match only here
};

struct MarkedText {
    std::string text;
    std::vector<Span> spans;  // cover `text` in order
};

}  // namespace lamina::text
