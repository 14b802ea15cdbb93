#include <array>

#include "backend/device.hpp"
#include "base/errors.hpp"
#include "base/join.hpp"

namespace lamina::backend {

const char* name(const Op& op) {
    static constexpr std::array names{"embed",        "norm",     "linear",   "rope",    "store_kv",
                                      "attention",    "activate", "add",      "gather",  "scale",
                                      "strided_copy", "route",    "dispatch", "combine", "gate"};
    static_assert(names.size() == std::variant_size_v<Op>);
    return names[op.index()];
}

const char* name(Precision precision) {
    static constexpr std::array names{"f32", "bf16", "int16", "int8"};
    return names[static_cast<std::size_t>(precision)];
}

const char* name(Activation kind) {
    switch (kind) {
        case Activation::silu: return "silu";
        case Activation::gelu: return "gelu";
        case Activation::gelu_tanh: return "gelu_tanh";
        case Activation::relu: return "relu";
        case Activation::relu_squared: return "relu_squared";
        case Activation::clamped_swiglu: return "clamped_swiglu";
    }
    return "?";
}

const Backend& find_backend(std::string_view name) {
    for (const auto& backend : registry()) {
        if (backend.name == name) return backend;
    }
    Errors{"backend"}.refuse("backend", "one of " + join(registry(), ", ", &Backend::name), name);
}

}  // namespace lamina::backend
