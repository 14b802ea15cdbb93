#include "api/resolve_options.hpp"

#include <algorithm>
#include <string_view>

#include "api/device_spec.hpp"
#include "base/errors.hpp"
#include "lamina/limits.hpp"

namespace lamina {
namespace {

constexpr Errors errors{"options"};

// "cpu" or "cpu,mem=512GiB,bw=145GB/s": a device that is there, with what is to be assumed of it.
DeviceInfo find_device(const backend::Backend& backend, std::string_view spec) {
    const auto found = backend.devices();
    const auto name = spec.substr(0, spec.find(','));
    auto device = found.begin();
    if (!spec.empty())
        device =
            std::find_if(found.begin(), found.end(), [&](const DeviceInfo& d) { return d.name == name; });
    if (device == found.end())
        errors.refuse("device", "a device of this machine (lamina info lists them)", name);
    DeviceInfo out = *device;
    apply_spec(spec, out);
    return out;
}

const backend::Backend& find_backend(const ModelOptions& options) {
    if (!options.backend.empty()) return backend::find_backend(options.backend);
    if (options.devices.empty()) return backend::registry().front();
    const std::string_view spec = options.devices.front();
    return backend::find_backend(spec.substr(0, spec.find_first_of(",:")));
}

std::optional<DType> cache_type(CacheType type) {
    switch (type) {
        case CacheType::automatic: return std::nullopt;
        case CacheType::f32: return DType::f32;
        case CacheType::bf16: return DType::bf16;
        case CacheType::q8_0: return DType::q8_0;
        case CacheType::f16: break;
    }
    return DType::f16;
}

}  // namespace

ResolvedOptions resolve_options(const ModelOptions& options, const model::Model& model) {
    errors.require(options.threads >= 0 && options.threads <= max_threads, "threads",
                   "0.." + std::to_string(max_threads), options.threads);
    errors.require(bool(options.allocator.allocate) == bool(options.allocator.release), "allocator",
                   "both of allocate and release, or none", "one");
    errors.require(options.devices.size() <= 1, "devices", "one device", options.devices.size());
    ResolvedOptions s;
    s.options = options;
    s.backend = &find_backend(options);
    s.device = find_device(
        *s.backend, options.devices.empty() ? std::string_view{} : std::string_view(options.devices.front()));
    s.options.backend = s.backend->name;
    if (s.options.devices.empty()) s.options.devices = {s.device.name};
    if (options.context == 0) s.options.context = model.config.trained_context;
    if (options.threads == 0) s.options.threads = s.device.threads;
    if (options.logit_rows == 0)
        s.options.logit_rows = std::min(std::max(options.sequences, 16u), options.batch_tokens);
    s.device_options = {.threads = s.options.threads,
                        .pin_threads = options.pin_threads,
                        .repack = options.repack,
                        .profile = options.profile,
                        .host_threads = options.host_threads,
                        .allocator = options.allocator};
    s.workload = {
        .context = s.options.context,
        .sequences = options.sequences,
        .batch_tokens = options.batch_tokens,
        .logit_rows = s.options.logit_rows,
        .numerics = {
            .compute = options.compute, .invariant = options.invariant, .cache = cache_type(options.cache)}};
    return s;
}

}  // namespace lamina
