// Kernels by instruction set: the one way in which ops choose theirs.
#pragma once

#include <algorithm>
#include <span>

#include "cpu/isa.hpp"

namespace lamina::cpu {

template <class Kernels>
struct Level {
    Isa isa;
    const Kernels& kernels;
};

// Best first. Where the last is scalar, it runs everywhere.
template <class Kernels>
using Ladder = std::span<const Level<Kernels>>;

// The first level of which `takes(level)` holds; null where there is none.
template <class Kernels, class Takes>
const Level<Kernels>* first_level(Ladder<Kernels> ladder, const Takes& takes) {
    const auto found = std::find_if(ladder.begin(), ladder.end(), takes);
    return found == ladder.end() ? nullptr : &*found;
}

// The first that may run under `allowed`, in a ladder that ends with scalar.
template <class Kernels>
const Level<Kernels>& best_level(Ladder<Kernels> ladder, Isa allowed) {
    return *first_level(ladder, [&](const Level<Kernels>& level) { return usable(level.isa, allowed); });
}

}  // namespace lamina::cpu
