#include "api/settle.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "lamina/error.hpp"

namespace lamina {
namespace {

[[noreturn]] void fail(std::string option, std::string expected, std::string found) {
    throw Error(ErrorCode::invalid_argument, ErrorDetails{.area = "options",
                                                          .subject = std::move(option),
                                                          .expected = std::move(expected),
                                                          .found = std::move(found)});
}

// "512GiB", "24e9", "1500MB" -> bytes.
std::uint64_t parse_bytes(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    static constexpr std::pair<std::string_view, double> units[] = {
        {"", 1.0},    {"B", 1.0},      {"kB", 1e3},     {"MB", 1e6},     {"GB", 1e9},
        {"TB", 1e12}, {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
    for (const auto& [name, factor] : units) {
        if (error == std::errc{} && unit == name && value > 0 && value * factor < 0x1p60)
            return static_cast<std::uint64_t>(value * factor);
    }
    fail("device", "a size such as mem=24GiB", std::string(text));
}

// One `key=value` of a device SPEC. Rates are for the cost model of a split; one device alone has nothing to
// weigh.
void apply(std::string_view setting, DeviceInfo& device) {
    const auto equals = setting.find('=');
    const auto key = setting.substr(0, equals);
    if (equals == std::string_view::npos ||
        (key != "mem" && key != "bw" && key != "dram" && key != "flops" && key != "link")) {
        fail("device", "mem=, bw=, dram=, flops= or link=", std::string(setting));
    }
    const auto value = setting.substr(equals + 1);
    if (key == "mem") device.memory_bytes = device.available_bytes = parse_bytes(value);
    double rate = 0;
    if (std::from_chars(value.data(), value.data() + value.size(), rate).ec != std::errc{} || !(rate > 0)) {
        fail("device", "a positive rate such as bw=145GB/s", std::string(setting));
    }
}

// "cpu" or "cpu,mem=512GiB,bw=145GB/s": a device that is there, with what is to be assumed of it.
DeviceInfo find_device(const backend::Backend& backend, std::string_view spec) {
    const auto found = backend.devices();
    const auto name = spec.substr(0, spec.find(','));
    auto device = found.begin();
    if (!spec.empty())
        device =
            std::find_if(found.begin(), found.end(), [&](const DeviceInfo& d) { return d.name == name; });
    if (device == found.end())
        fail("device", "a device of this machine (lamina info lists them)", std::string(name));
    DeviceInfo out = *device;
    for (auto rest = spec; rest.find(',') != std::string_view::npos;) {
        rest.remove_prefix(rest.find(',') + 1);
        apply(rest.substr(0, rest.find(',')), out);
    }
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

Settled settle(const ModelOptions& options, const model::Model& model) {
    constexpr int max_threads = 1024;
    if (options.threads < 0 || options.threads > max_threads)
        fail("threads", "0..1024", std::to_string(options.threads));
    if (bool(options.allocator.allocate) != bool(options.allocator.release))
        fail("allocator", "both of allocate and release, or none", "one");
    if (options.devices.size() > 1) fail("devices", "one device", std::to_string(options.devices.size()));
    Settled s;
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
