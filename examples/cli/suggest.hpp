// "Did you mean": what was probably meant by a mistyped word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lamina::cli {

// The candidate with the fewest slips of the hand (letters too many, missing, wrong or swapped) between it
// and `word`, or the only one that begins with it; empty where none is near or the word is shorter than 3.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "; did you mean 'chat'?", or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace lamina::cli
