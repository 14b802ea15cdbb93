// What the machine is called.
#pragma once

#include <string>

namespace lamina::cpu {

// The processor's own name (CPUID brand string), "unknown" if it tells none.
std::string processor_name();

// Whether the processor reads faster when what it will need is asked for by the second-level cache as well,
// far ahead: Intel's do, AMD's lose by it.
bool wants_l2_prefetch();

}  // namespace lamina::cpu
