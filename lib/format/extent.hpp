// Sizes of tensors that a file describes, and whether their extents are apart.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/checked.hpp"
#include "base/join.hpp"

namespace lamina::format {

// The product of the dimensions (1 for none); nothing where it does not fit into 64 bits.
inline std::optional<std::uint64_t> checked_elements(std::span<const std::uint64_t> shape) {
    std::uint64_t out = 1;
    for (const std::uint64_t dimension : shape) {
        const auto product = checked_mul(out, dimension);
        if (!product) return std::nullopt;
        out = *product;
    }
    return out;
}

// "[3, 4]", for errors.
inline std::string to_text(std::span<const std::uint64_t> shape) {
    return "[" + join(shape, ", ", [](std::uint64_t dimension) { return std::to_string(dimension); }) + "]";
}

// A range of a file's bytes: [begin, end).
struct Extent {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

// The order of the extents by their place in the file.
inline std::vector<std::size_t> order_of(std::span<const Extent> extents) {
    std::vector<std::size_t> order(extents.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const Extent& x = extents[a];
        const Extent& y = extents[b];
        return x.begin != y.begin ? x.begin < y.begin : x.end < y.end;
    });
    return order;
}

}  // namespace lamina::format
