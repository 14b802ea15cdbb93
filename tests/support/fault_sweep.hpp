// Runs an operation with its first allocation failing, then with its second, and so on until none is left.
#pragma once

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "lamina/error.hpp"
#include "support/allocations.hpp"

namespace lamina::test {

#ifdef __SANITIZE_ADDRESS__
inline constexpr std::uint64_t every_allocation = 2000;  // up to this one each fails in turn, then some
#else
inline constexpr std::uint64_t every_allocation = 200;
#endif

inline std::uint64_t next_allocation(std::uint64_t k, std::uint64_t every = every_allocation) {
    return k < every ? k + 1 : k + 1 + (k - every) / 16;
}

// What a failure was, without memory of its own: blocks are counted around it.
class Seen {
  public:
    // It should be an Error(out_of_memory) that names the file, if one is given. `lasting`: without any
    // memory there are no words.
    void failure(const std::exception_ptr& failure, const std::string& file, bool lasting) {
        try {
            std::rethrow_exception(failure);
        } catch (const Error& error) {
            const bool good = error.code() == ErrorCode::out_of_memory && *error.what() != '\0' &&
                              (error.details().file == file || (lasting && error.details().file.empty()));
            if (!good) set(error.what());
        } catch (const std::exception& other) { set(other.what()); }
        ++failures;
    }
    void require(bool good, const char* what) {
        if (!good) set(what);
    }
    const char* problem() const { return text_; }
    int failures = 0;

  private:
    void set(const char* what) { std::snprintf(text_, sizeof text_, "%s", what); }
    char text_[500] = "";
};

// `operation(fault)` prepares what it needs, arms the fault, and returns a value to compare; everything that
// it holds is gone when it returns or throws. With the fault it gives the same value or fails for want of
// memory, leaves no block behind, and without the fault it gives the same value afterwards. A library that
// goes on without what it did not get is as good: not every fault must surface.
template <class Operation>
void sweep_allocations(const Operation& operation, const std::string& file = {}) {
    const auto plainly = [&] {
        AllocationFault none(~std::uint64_t{0}, false);
        return operation(none);
    };
    const auto expected = plainly();
    REQUIRE(plainly() == expected);
    for (const bool lasting : {false, true}) {
        std::uint64_t failures = 0, k = 1;
        for (bool more = true; more; k = next_allocation(k)) {
            Seen seen;
            const auto before = live_allocations();
            {
                AllocationFault fault(k, lasting);
                try {
                    const auto result = operation(fault);
                    fault.disarm();
                    seen.require(result == expected, "another result");
                } catch (...) {
                    fault.disarm();
                    seen.require(fault.happened(), "failed without a fault");
                    seen.failure(std::current_exception(), file, lasting);
                }
                more = fault.happened();
            }
            const auto after = live_allocations();
            CAPTURE(k, lasting);
            REQUIRE(seen.problem() == std::string());
            REQUIRE(after == before);
            failures += static_cast<std::uint64_t>(seen.failures);
            if (k < 100 || k % 16 == 0) REQUIRE(plainly() == expected);
        }
        REQUIRE(plainly() == expected);
        CAPTURE(lasting);
        CHECK(failures > 0);
        if (std::getenv("LAMINA_TEST_SHOW") != nullptr)
            WARN((lasting ? "lasting: " : "single: ") << failures << " failures up to allocation " << k);
    }
}

}  // namespace lamina::test
