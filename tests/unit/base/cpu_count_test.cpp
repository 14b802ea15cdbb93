#include <sched.h>

#include <catch2/catch.hpp>

#include "base/cpu_count.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;
using lamina::test::TemporaryDirectory;

namespace {

constexpr auto v2_mount = "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr auto v1_mount =
    "33 20 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct\n";

}  // namespace

TEST_CASE("cgroup v2: a quota is rounded up to whole CPUs") {
    TemporaryDirectory root;
    root.file("proc/self/mountinfo", v2_mount);
    root.file("proc/self/cgroup", "0::/job\n");
    root.file("sys/fs/cgroup/job/cpu.max", "150000 100000\n");
    CHECK(cgroup_cpu_limit(root / "") == 2);
    root.file("sys/fs/cgroup/job/cpu.max", "200000 100000\n");
    CHECK(cgroup_cpu_limit(root / "") == 2);
    root.file("sys/fs/cgroup/job/cpu.max", "1000 100000\n");
    CHECK(cgroup_cpu_limit(root / "") == 1);
    root.file("sys/fs/cgroup/job/cpu.max", "max 100000\n");
    CHECK_FALSE(cgroup_cpu_limit(root / ""));
}

TEST_CASE("cgroup v2: the smallest quota on the way up binds") {
    TemporaryDirectory root;
    root.file("proc/self/mountinfo", v2_mount);
    root.file("proc/self/cgroup", "0::/slice/job/step\n");
    root.file("sys/fs/cgroup/slice/cpu.max", "300000 100000\n");
    root.file("sys/fs/cgroup/slice/job/cpu.max", "max 100000\n");
    root.file("sys/fs/cgroup/slice/job/step/cpu.max", "800000 100000\n");
    CHECK(cgroup_cpu_limit(root / "") == 3);
    root.file("sys/fs/cgroup/cpu.max", "100000 100000\n");
    CHECK(cgroup_cpu_limit(root / "") == 1);
}

TEST_CASE("cgroup v1: quota and period") {
    TemporaryDirectory root;
    root.file("proc/self/mountinfo", v1_mount);
    root.file("proc/self/cgroup", "5:memory:/other\n4:cpu,cpuacct:/docker/abc\n0::/\n");
    root.file("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "250000\n");
    root.file("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
    CHECK(cgroup_cpu_limit(root / "") == 3);
    root.file("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "-1\n");
    CHECK_FALSE(cgroup_cpu_limit(root / ""));
}

TEST_CASE("cgroup v1 in a container: the group's path is the host's, the mount shows the group itself") {
    TemporaryDirectory root;
    root.file("proc/self/mountinfo",
              "33 20 0:29 /docker/abc /sys/fs/cgroup/cpu ro master:5 - cgroup cgroup rw,cpu,cpuacct\n");
    root.file("proc/self/cgroup", "4:cpu,cpuacct:/docker/abc\n");
    root.file("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "400000\n");
    root.file("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    CHECK(cgroup_cpu_limit(root / "") == 4);
}

TEST_CASE("cgroup files that are missing or make no sense mean no quota") {
    TemporaryDirectory root;
    CHECK_FALSE(cgroup_cpu_limit(root / ""));
    root.file("proc/self/mountinfo", std::string("short\n- -\n") + v1_mount + v2_mount);
    root.file("proc/self/cgroup", "nonsense\n:\n4:cpu\n0::/a\n");
    CHECK_FALSE(cgroup_cpu_limit(root / ""));
    root.file("sys/fs/cgroup/a/cpu.max", "100000\n");
    CHECK_FALSE(cgroup_cpu_limit(root / ""));
    root.file("sys/fs/cgroup/a/cpu.max", "100000 0\n");
    CHECK_FALSE(cgroup_cpu_limit(root / ""));
    root.file("sys/fs/cgroup/a/cpu.max", "-5 100000\n");
    CHECK_FALSE(cgroup_cpu_limit(root / ""));
    root.file("sys/fs/cgroup/a/cpu.max", "99999999999999999999999 1\n");
    CHECK_FALSE(cgroup_cpu_limit(root / ""));
}

TEST_CASE("available CPUs follow the affinity mask") {
    cpu_set_t before;
    REQUIRE(::sched_getaffinity(0, sizeof(before), &before) == 0);
    CHECK(available_cpus() >= 1);
    CHECK(available_cpus() <= CPU_COUNT(&before));

    std::size_t first = 0;
    while (!CPU_ISSET(first, &before)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    REQUIRE(::sched_setaffinity(0, sizeof(one), &one) == 0);
    const int limited = available_cpus();
    REQUIRE(::sched_setaffinity(0, sizeof(before), &before) == 0);
    CHECK(limited == 1);
}
