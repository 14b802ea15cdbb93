// What runs LinearCase on every path of packed weights.
#pragma once

#include <string>
#include <vector>

#include "cpu/isa.hpp"
#include "support/emulated_tiles.hpp"
#include "support/linear_case.hpp"

namespace lamina::test {

// The ways that packed weights are multiplied on: the instruction sets of this machine, and its matrix unit
// emulated.
struct Path {
    cpu::Isa isa;
    const cpu::TileKernels* tiles = nullptr;  // beside those of the instruction set

    std::string name() const { return std::string(to_string(isa)) + (tiles ? ", emulated tiles" : ""); }
};
inline std::vector<Path> paths() {
    std::vector<Path> out;
    for (const cpu::Isa isa : cpu::detected()) out.push_back({isa});
    out.push_back({cpu::Isa::scalar, &cpu::emulated_tiles});
    return out;
}

}  // namespace lamina::test
