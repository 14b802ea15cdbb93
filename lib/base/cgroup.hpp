// Which control group this process is in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lamina {

// "/a/b" from /proc/self/cgroup (cgroups(7)): of the version 1 hierarchy that has `controller`
// ("4:cpu,cpuacct:/a/b"), or of version 2
// ("0::/a/b") where `controller` is empty. `root` stands before the path, for tests.
std::optional<std::string> control_group(const std::string& root, std::string_view controller);

// Whether a comma-separated list holds a name.
bool lists(std::string_view list, std::string_view name);

}  // namespace lamina
