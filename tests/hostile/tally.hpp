// How much of a sweep runs, and what is said about it.
#pragma once

#include <cstddef>
#include <string>

#include "hostile/user_way.hpp"

namespace lamina::test::hostile {

// One of so many cases is run: all of them where a sanitizer watches or LAMINA_SWEEP=all asks for it.
std::size_t stride();

// CPU seconds of the process: what a sweep costs, whoever shares the machine.
double cpu_seconds();

void add(Tally& sum, const Tally& part);
void print(const std::string& name, const Tally& tally, double seconds);

}  // namespace lamina::test::hostile
