// What the machine is called.
#pragma once

#include <string>

namespace lamina::cpu {

// The processor's own name (CPUID brand string), "unknown" if it tells none.
std::string processor_name();

}  // namespace lamina::cpu
