// Times of ops for people and for scripts (--profile).
#pragma once

#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "lamina/model.hpp"

namespace lamina::cli {

// A table, longest time first.
void print_profile(std::FILE* out, std::vector<OpTime> profile);
// The same as a list of objects, in the order of a step.
nlohmann::ordered_json profile_json(const std::vector<OpTime>& profile);

}  // namespace lamina::cli
