// What operator new has given out, for tests of allocation bounds, and allocations that fail on purpose. Link
// allocations.cpp into the test.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lamina::test {

// From its construction on: how much more memory was held at once than at the beginning.
class AllocationPeak {
  public:
    AllocationPeak();
    std::size_t bytes() const;

  private:
    std::size_t start_;
};

// Calls of operator new so far, in all threads.
std::uint64_t allocations();

// Blocks that are held now.
std::int64_t live_allocations();

// Makes allocations fail, in whatever thread they are made. One at a time.
class AllocationFault {
  public:
    // `nth`: the allocation that fails, counted from 1 since arm(); `lasting`: all that follow fail too.
    AllocationFault(std::uint64_t nth, bool lasting) : nth_(nth), lasting_(lasting) {}
    ~AllocationFault() { disarm(); }
    AllocationFault(const AllocationFault&) = delete;
    AllocationFault& operator=(const AllocationFault&) = delete;

    void arm();  // again: goes on counting
    void disarm();
    bool happened() const;  // whether one has failed

  private:
    std::uint64_t nth_;
    bool lasting_;
};

}  // namespace lamina::test
