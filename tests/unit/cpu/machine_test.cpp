#include <catch2/catch.hpp>

#include <algorithm>

#include "base/host_memory.hpp"
#include "cpu/machine.hpp"
#include "cpu/memory.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;

namespace {

constexpr const char* meminfo =
    "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    8000 kB\n";
constexpr std::uint64_t kib = 1024;

}  // namespace

TEST_CASE("machine: memory without limits", "[machine]") {
    const test::TemporaryDirectory root;
    root.file("proc/meminfo", meminfo);
    const auto memory = host_memory(root / "");
    CHECK(memory.total == 16000 * kib);
    CHECK(memory.available == 8000 * kib);
}

TEST_CASE("machine: a limit of cgroup v2, on a group above", "[machine]") {
    const test::TemporaryDirectory root;
    root.file("proc/meminfo", meminfo);
    root.file("proc/self/cgroup", "0::/outer/inner\n");
    root.file("sys/fs/cgroup/outer/inner/memory.max", "max\n");
    root.file("sys/fs/cgroup/outer/memory.max", "4096000\n");
    root.file("sys/fs/cgroup/outer/memory.current", "3072000\n");
    root.file("sys/fs/cgroup/outer/memory.stat", "anon 1\ninactive_file 1024000\n");
    const auto memory = host_memory(root / "");
    CHECK(memory.total == 4096000);
    CHECK(memory.available == 4096000 - (3072000 - 1024000));
}

TEST_CASE("machine: a limit of cgroup v1, the mount showing the own group as its root", "[machine]") {
    const test::TemporaryDirectory root;
    root.file("proc/meminfo", meminfo);
    root.file("proc/self/cgroup", "3:cpuset:/\n4:memory:/job/1\n0::/\n");
    root.file("sys/fs/cgroup/memory/memory.limit_in_bytes", "2048000\n");
    root.file("sys/fs/cgroup/memory/memory.usage_in_bytes", "4096000\n");
    const auto memory = host_memory(root / "");
    CHECK(memory.total == 2048000);
    CHECK(memory.available == 0);
}

TEST_CASE("machine: without /proc the system is asked", "[machine]") {
    const test::TemporaryDirectory root;
    const auto memory = host_memory(root / "");
    CHECK(memory.total >= 1 << 20);
    CHECK(memory.available == memory.total);
    CHECK(!cpu::processor_name().empty());
}

TEST_CASE("memory: aligned, zeroed, and an error where there is none", "[memory]") {
    for (const std::uint64_t bytes : {1ull, 63ull, 4097ull, (2ull << 20) - 1, 2ull << 20, (6ull << 20) + 5}) {
        const cpu::Allocation memory(bytes, "test");
        CHECK(memory.bytes() == bytes);
        CHECK(reinterpret_cast<std::uintptr_t>(memory.data()) % (bytes >= 2u << 20 ? 2u << 20 : 64) == 0);
        CHECK(
            std::all_of(memory.data(), memory.data() + bytes, [](std::byte b) { return b == std::byte{0}; }));
        std::fill(memory.data(), memory.data() + bytes, std::byte{1});
    }
    CHECK(cpu::Allocation(0, "nothing").data() == nullptr);
    for (const std::uint64_t bytes : {1ull << 60, ~0ull, ~0ull - (1ull << 21)}) {
        test::expect_error(ErrorCode::out_of_memory, {"blk.0.attn_q.weight", std::to_string(bytes)},
                           [bytes] { cpu::Allocation(bytes, "blk.0.attn_q.weight"); });
    }
}
