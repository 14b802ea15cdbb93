// Forces the CPU path for a while.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "lamina/device.hpp"

namespace lamina::test {

// What this machine has, weakest first.
inline std::vector<std::string> isas() { return devices().front().isa; }

class ForcedIsa {
  public:
    explicit ForcedIsa(const std::string& isa) { setenv("LAMINA_ISA", isa.c_str(), 1); }
    ~ForcedIsa() { unsetenv("LAMINA_ISA"); }
    ForcedIsa(const ForcedIsa&) = delete;
    ForcedIsa& operator=(const ForcedIsa&) = delete;
};

}  // namespace lamina::test
