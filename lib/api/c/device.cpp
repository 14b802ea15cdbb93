#include "lamina/device.hpp"

#include "api/c/call.hpp"
#include "api/c/views.hpp"

using namespace lamina;
using c_api::Call;

lamina_error lamina_devices(lamina_device_list** devices) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(devices, "devices");
        out = new c_api::DeviceListView(lamina::devices());
    });
}
