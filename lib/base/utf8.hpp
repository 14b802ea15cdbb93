// Well-formed UTF-8 (Unicode 15, table 3-7), as far as errors and JSON need it.
#pragma once

#include <cstddef>
#include <string_view>

namespace lamina {

// Length of the well-formed sequence that `text` begins with; 0 where there is none.
std::size_t utf8_sequence(std::string_view text);

}  // namespace lamina
