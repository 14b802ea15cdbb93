// The only place that knows which backends were built. The order is that of preference.
#include <array>

#include "backend/device.hpp"
#include "cpu/cpu.hpp"
#include "reference/reference.hpp"

namespace lamina::backend {

std::span<const Backend> registry() {
    static const std::array backends{cpu::record(), reference::record()};
    return backends;
}

}  // namespace lamina::backend
