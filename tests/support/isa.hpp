// Forces the CPU path for a while.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/device.hpp"

namespace lamina::test {

// What this machine has, weakest first.
inline std::vector<std::string> isas() { return devices().front().isa; }

// LAMINA_ISA while it lives.
class ForcedIsa {
  public:
    explicit ForcedIsa(std::string_view name) {
        if (const char* old = std::getenv("LAMINA_ISA")) old_ = old;
        setenv("LAMINA_ISA", std::string(name).c_str(), 1);
    }
    ~ForcedIsa() {
        if (old_) {
            setenv("LAMINA_ISA", old_->c_str(), 1);
        } else {
            unsetenv("LAMINA_ISA");
        }
    }
    ForcedIsa(const ForcedIsa&) = delete;
    ForcedIsa& operator=(const ForcedIsa&) = delete;

  private:
    std::optional<std::string> old_;
};

}  // namespace lamina::test
