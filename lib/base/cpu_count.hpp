// How many CPUs this process may use.
#pragma once

namespace lamina {

// The smaller of the affinity mask and the cgroup CPU quota (rounded up); at least 1.
int available_cpus();

}  // namespace lamina
