#include "support/system_faults.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <utility>

namespace {

using lamina::test::SystemCall;
using lamina::test::SystemFaults;

std::mutex mutex;  // of the plan and its counters
SystemFaults plan;
bool active = false, some_failed = false;
std::uint64_t of_kind = 0, all = 0;
int interrupted = 0;  // times that the call being made was interrupted so far

std::atomic<std::int64_t> descriptors{0}, pages{0};

// The errno that this call fails with; 0: none.
int fault(SystemCall call, bool interruptible) {
    const std::lock_guard lock(mutex);
    if (!active) return 0;
    if (interruptible && interrupted < plan.interrupts) {
        ++interrupted;
        return EINTR;
    }
    interrupted = 0;
    ++all;
    if (plan.before) plan.before(all);
    if (call != plan.call || plan.nth == 0 || ++of_kind != plan.nth) return 0;
    some_failed = true;
    return plan.error;
}

}  // namespace

extern "C" {

int __real_open(const char* path, int flags, ...);
int __real_close(int fd);
int __real_fstat(int fd, struct stat* out);
ssize_t __real_pread(int fd, void* data, size_t size, off_t offset);
void* __real_mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset);
int __real_munmap(void* address, size_t size);
int __real_madvise(void* address, size_t size, int advice);

int __wrap_open(const char* path, int flags, ...) {
    if (const int error = fault(SystemCall::open, true)) return errno = error, -1;
    const int fd = __real_open(path, flags, 0600);
    if (fd >= 0) ++descriptors;
    return fd;
}

int __wrap_close(int fd) {
    --descriptors;
    return __real_close(fd);
}

int __wrap_fstat(int fd, struct stat* out) {
    if (const int error = fault(SystemCall::fstat, false)) return errno = error, -1;
    return __real_fstat(fd, out);
}

ssize_t __wrap_pread(int fd, void* data, size_t size, off_t offset) {
    if (const int error = fault(SystemCall::pread, true)) return errno = error, -1;
    return __real_pread(fd, data, std::min(size, plan.longest_read), offset);
}

void* __wrap_mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
    if (const int error = fault(SystemCall::mmap, false)) return errno = error, MAP_FAILED;
    void* out = __real_mmap(address, size, protection, flags, fd, offset);
    if (out != MAP_FAILED) pages += static_cast<std::int64_t>((size + 4095) / 4096);
    return out;
}

int __wrap_munmap(void* address, size_t size) {
    pages -= static_cast<std::int64_t>((size + 4095) / 4096);
    return __real_munmap(address, size);
}

int __wrap_madvise(void* address, size_t size, int advice) {
    constexpr int populate_read = 22;
    const bool populates = advice == populate_read;
    const auto call = populates ? SystemCall::madvise_populate : SystemCall::madvise_other;
    if (const int error = fault(call, populates)) return errno = error, -1;
    return __real_madvise(address, size, advice);
}

}  // extern "C"

namespace lamina::test {

SystemFault::SystemFault(SystemFaults faults) {
    const std::lock_guard lock(mutex);
    plan = std::move(faults);
    active = true;
    some_failed = false;
    of_kind = all = 0;
    interrupted = 0;
}

SystemFault::~SystemFault() {
    const std::lock_guard lock(mutex);
    active = false;
    plan = {};
}

bool SystemFault::happened() const { return some_failed; }
std::uint64_t SystemFault::calls() const { return all; }
std::int64_t open_descriptors() { return descriptors; }
std::int64_t mapped_pages() { return pages; }

}  // namespace lamina::test
