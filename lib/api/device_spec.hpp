// What a device SPEC says of a device: "cpu,mem=512GiB,bw=145GB/s".
#pragma once

#include <string_view>

#include "lamina/device.hpp"

namespace lamina {

// Sets in `device` what the settings of `spec` state, those behind its first comma. Throws invalid_argument
// that names the setting.
void apply_spec(std::string_view spec, DeviceInfo& device);

}  // namespace lamina
