// How much memory this machine has for this process.
#pragma once

#include <cstdint>
#include <string>

namespace lamina {

struct HostMemory {
    std::uint64_t total = 0, available = 0;  // bytes
};

// /proc/meminfo, narrowed by the memory limits of this process's control groups (cgroup v2 memory.max, v1
// memory.limit_in_bytes) and the groups above them; sysinfo(2) where /proc is not mounted. `root` stands
// before every path, for tests.
HostMemory host_memory(const std::string& root = "");

}  // namespace lamina
