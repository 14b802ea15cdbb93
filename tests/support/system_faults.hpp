// System calls that fail on purpose. Link system_faults.cpp into the test, with the linker's --wrap for each
// call: calls of the library's own objects come here, those of
// the standard library do not.
#pragma once

#include <cstdint>
#include <functional>

namespace lamina::test {

enum class SystemCall { open, fstat, pread, mmap, madvise_populate, madvise_other };

// What happens to system calls; everything off by default. The plan is global, and one at a time.
struct SystemFaults {
    SystemCall call = SystemCall::open;   // the call that `nth` counts
    std::uint64_t nth = 0;                // this one fails, counted from 1; 0: none
    int error = 0;                        // with this errno
    std::size_t longest_read = SIZE_MAX;  // bytes that pread gives at most
    int interrupts = 0;                   // times that each call that can be interrupted gives EINTR before
    // Runs before each call, with its number among all calls from 1.
    std::function<void(std::uint64_t number)> before = {};
};

class SystemFault {
  public:
    explicit SystemFault(SystemFaults faults);
    ~SystemFault();
    SystemFault(const SystemFault&) = delete;
    SystemFault& operator=(const SystemFault&) = delete;

    bool happened() const;        // whether the nth call was made
    std::uint64_t calls() const;  // all calls
};

// Descriptors, and pages of mappings, that the library has made and not given back.
std::int64_t open_descriptors();
std::int64_t mapped_pages();

}  // namespace lamina::test
