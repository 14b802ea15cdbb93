// Numbers that sizes, counts and lengths of a file go wrong at.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace lamina::test {

// `remaining`: bytes of the file from the field on. Powers of two and their neighbours, and the counts whose
// product with a usual width wraps to a few bytes.
inline std::vector<std::uint64_t> extreme_values(std::uint64_t remaining) {
    std::vector<std::uint64_t> out = {0, 1, remaining - 1, remaining, remaining + 1};
    for (const int bit : {7, 8, 15, 16, 31, 32, 40, 63}) {
        const auto power = std::uint64_t{1} << bit;
        out.insert(out.end(), {power - 1, power, power + 1});
    }
    for (const std::uint64_t width : {2, 4, 8, 13, 18, 32, 34, 144}) {
        out.push_back(std::numeric_limits<std::uint64_t>::max() / width + 1);
    }
    out.insert(out.end(),
               {std::numeric_limits<std::uint64_t>::max() - 1, std::numeric_limits<std::uint64_t>::max()});
    return out;
}

}  // namespace lamina::test
