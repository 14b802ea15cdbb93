#include "base/host_memory.hpp"

#include <sys/sysinfo.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/cgroup.hpp"

namespace lamina {
namespace {

// The number after `key` in a file of "key value" lines.
std::optional<std::uint64_t> field(const std::string& path, const std::string& key) {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string name;
        std::uint64_t value = 0;
        if (words >> name >> value && name == key) return value;
    }
    return std::nullopt;
}

// A file that holds one number; nothing for "max" and where there is no such file.
std::optional<std::uint64_t> number(const std::string& path) {
    std::ifstream in(path);
    std::uint64_t value = 0;
    if (!(in >> value)) return std::nullopt;
    return value;
}

// The files of a cgroup version (Linux Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst).
struct Version {
    std::string controller;  // as /proc/self/cgroup names them
    std::string mount, limit, usage, inactive;
};
const std::array<Version, 2>& versions() {
    static const std::array<Version, 2> all = {
        Version{"", "/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"},
        Version{"memory", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                "total_inactive_file"}};
    return all;
}

void narrow(HostMemory& memory, const Version& version, const std::string& folder) {
    const auto limit = number(folder + "/" + version.limit);
    if (!limit) return;
    // Pages of files that nobody uses just now count as used, but give way.
    const auto inactive = field(folder + "/memory.stat", version.inactive).value_or(0);
    const auto usage = number(folder + "/" + version.usage).value_or(0);
    const auto used = usage > inactive ? usage - inactive : 0;
    memory.total = std::min(memory.total, *limit);
    memory.available = std::min(memory.available, *limit > used ? *limit - used : 0);
}

// Where /proc is not mounted. The call does not tell which of the used memory would give way: all may.
HostMemory without_proc() {
    struct sysinfo found = {};
    if (sysinfo(&found) != 0) return {};
    const std::uint64_t total = std::uint64_t{found.totalram} * found.mem_unit;
    return {total, total};
}

}  // namespace

HostMemory host_memory(const std::string& root) {
    constexpr std::uint64_t kibibyte = 1024;
    HostMemory memory;
    memory.total = field(root + "/proc/meminfo", "MemTotal:").value_or(0) * kibibyte;
    memory.available = field(root + "/proc/meminfo", "MemAvailable:").value_or(0) * kibibyte;
    if (memory.total == 0) memory = without_proc();
    for (const Version& version : versions()) {
        auto group = control_group(root, version.controller);
        if (!group) continue;
        // In a container the mount may show the own group as its root: then only the mount itself exists.
        while (!group->empty() && *group != "/") {
            narrow(memory, version, root + version.mount + *group);
            group->erase(group->rfind('/') == std::string::npos ? 0 : group->rfind('/'));
        }
        narrow(memory, version, root + version.mount);
    }
    return memory;
}

}  // namespace lamina
