// Python's str methods on texts with provenance; filters of the same meaning use them too.
#pragma once

#include <optional>

#include "text/jinja/interpreter.hpp"

namespace lamina::text::jinja {

enum class Side { left, right, both };
enum class LetterCase { upper, lower, capitalized, title, swapped };

// `characters` null: whitespace.
StringRef strip(Budget& budget, const MarkedText& text, const MarkedText* characters, Side side);
StringRef change_case(Budget& budget, const MarkedText& text, LetterCase to);
// At most `count` times where `count` is not negative.
StringRef replace(Budget& budget, const MarkedText& text, const MarkedText& old, const MarkedText& by,
                  std::int64_t count);
std::vector<StringRef> split_lines(Budget& budget, const MarkedText& text, bool keep_ends);
StringRef center(Budget& budget, const MarkedText& text, std::int64_t width);

using TextMethod = Value (*)(Interpreter& in, const MarkedText& self, const Arguments& arguments);
TextMethod find_text_method(std::string_view name);  // null where there is none

}  // namespace lamina::text::jinja
