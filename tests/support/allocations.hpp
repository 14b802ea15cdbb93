// Bytes that operator new has given out, for tests of allocation bounds. Link allocations.cpp into the test.
#pragma once

#include <cstddef>

namespace lamina::test {

// From its construction on: how much more memory was held at once than at the beginning.
class AllocationPeak {
  public:
    AllocationPeak();
    std::size_t bytes() const;

  private:
    std::size_t start_;
};

}  // namespace lamina::test
