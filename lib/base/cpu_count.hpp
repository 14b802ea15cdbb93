// How many CPUs this process may use.
#pragma once

#include <optional>
#include <string>

namespace lamina {

// The smaller of the affinity mask and the cgroup CPU quota (rounded up); at least 1.
int available_cpus();

// The CPU quota of this process's control groups (cgroup v1 cpu.cfs_quota_us, v2 cpu.max) and all groups
// above them, rounded up to whole CPUs and at least 1; nothing where there is no quota. `root` stands before
// /proc and before every mount point that is named there, for tests.
std::optional<int> cgroup_cpu_limit(const std::string& root = "");

}  // namespace lamina
