#include "base/cpu_count.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include "base/cgroup.hpp"

namespace lamina {
namespace {

// A control group's place: where its hierarchy is mounted, and which version it speaks.
struct Mount {
    bool v2 = false;
    std::string root;  // the part of the hierarchy that the mount shows: "/" or a container's own group
    std::string point;
};

// /proc/self/mountinfo: "36 35 98:0 /root /point options [optional...] - type source super-options"
// (proc(5)).
std::vector<Mount> cgroup_mounts(const std::string& root) {
    std::vector<Mount> out;
    std::ifstream in(root + "/proc/self/mountinfo");
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string id, parent, device, word, type, source, options;
        Mount mount;
        words >> id >> parent >> device >> mount.root >> mount.point;
        while (words >> word && word != "-") {}
        words >> type >> source >> options;
        mount.v2 = type == "cgroup2";
        if (mount.v2 || (type == "cgroup" && lists(options, "cpu"))) out.push_back(mount);
    }
    return out;
}

// The quota of one group in CPUs; infinity where it has none or does not exist.
double quota_of(const std::string& folder, bool v2) {
    constexpr double none = std::numeric_limits<double>::infinity();
    double quota = 0;
    double period = 0;
    if (v2) {
        std::ifstream in(folder + "/cpu.max");  // "max 100000" or "150000 100000"
        if (!(in >> quota >> period)) return none;
    } else {
        std::ifstream quota_file(folder + "/cpu.cfs_quota_us");  // -1: no quota
        std::ifstream period_file(folder + "/cpu.cfs_period_us");
        if (!(quota_file >> quota) || !(period_file >> period)) return none;
    }
    return quota > 0 && period > 0 ? quota / period : none;
}

// The smallest quota on the way from the group up to the mount point: a parent's quota binds its children.
double quota_upwards(const std::string& root, const Mount& mount) {
    std::string group = control_group(root, mount.v2 ? "" : "cpu").value_or("");
    if (mount.root != "/" && group.rfind(mount.root, 0) == 0) group.erase(0, mount.root.size());
    double out = quota_of(root + mount.point, mount.v2);
    while (!group.empty() && group != "/") {
        std::string path = root + mount.point;
        if (group[0] != '/') path += '/';
        out = std::min(out, quota_of(path.append(group), mount.v2));
        const auto slash = group.rfind('/');
        if (slash == std::string::npos) break;
        group.erase(slash);
    }
    return out;
}

int affinity_cpus() {
    // The kernel refuses masks shorter than its own, so the buffer grows until it fits.
    for (std::size_t cpus = 1024; cpus <= 1u << 20; cpus *= 2) {
        const std::size_t bytes = CPU_ALLOC_SIZE(cpus);
        const auto free_set = [](cpu_set_t* set) { CPU_FREE(set); };
        const std::unique_ptr<cpu_set_t, decltype(free_set)> set(CPU_ALLOC(cpus), free_set);
        if (!set) break;
        if (::sched_getaffinity(0, bytes, set.get()) == 0) return CPU_COUNT_S(bytes, set.get());
        if (errno != EINVAL) break;
    }
    return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

std::optional<int> cgroup_cpu_limit(const std::string& root) {
    double quota = std::numeric_limits<double>::infinity();
    for (const Mount& mount : cgroup_mounts(root)) quota = std::min(quota, quota_upwards(root, mount));
    if (quota > 1 << 20) return std::nullopt;
    return std::max(1, static_cast<int>(std::ceil(quota)));
}

int available_cpus() {
    const int cpus = std::max(1, affinity_cpus());
    return std::min(cpus, cgroup_cpu_limit().value_or(cpus));
}

}  // namespace lamina
