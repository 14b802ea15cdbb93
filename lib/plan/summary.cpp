#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "base/border.hpp"
#include "base/join.hpp"
#include "base/json_text.hpp"
#include "lamina/plan.hpp"
#include "plan/bytes.hpp"

namespace lamina {
namespace plan {

std::string format_bytes(std::uint64_t bytes) {
    constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1000 && unit + 1 < units.size()) value /= 1000, ++unit;
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

namespace {

// "145.0 GB/s" with "B/s".
std::string format_rate(double rate, const char* unit) {
    constexpr std::array prefixes{"", "k", "M", "G", "T", "P"};
    std::size_t prefix = 0;
    while (rate >= 1000 && prefix + 1 < prefixes.size()) rate /= 1000, ++prefix;
    return fmt::format("{:.1f} {}{}", rate, prefixes[prefix], unit);
}

struct StatedRate {
    double DeviceRates::*rate;
    const char *key, *label, *unit;
};
constexpr StatedRate stated_rates[] = {
    {&DeviceRates::read_bytes_per_s, "read_bytes_per_s", "reads", "B/s"},
    {&DeviceRates::memory_bytes_per_s, "memory_bytes_per_s", "memory in all", "B/s"},
    {&DeviceRates::link_bytes_per_s, "link_bytes_per_s", "link", "B/s"},
    {&DeviceRates::operations_per_s, "operations_per_s", "computes", "FLOP/s"}};

std::vector<StatedRate> stated(const DeviceRates& rates) {
    std::vector<StatedRate> out;
    std::copy_if(std::begin(stated_rates), std::end(stated_rates), std::back_inserter(out),
                 [&](const StatedRate& s) { return rates.*s.rate > 0; });
    return out;
}

// Empty where nothing is stated, as the next.
std::string stated_text(const DeviceRates& rates) {
    const std::string out = join(stated(rates), ", ", [&](const StatedRate& s) {
        return fmt::format("{} {}", s.label, format_rate(rates.*s.rate, s.unit));
    });
    return out.empty() ? out : "stated: " + out + "\n";
}

std::string stated_json(const DeviceRates& rates) {
    const std::string out = join(stated(rates), ",", [&](const StatedRate& s) {
        return fmt::format("\"{}\":{}", s.key, rates.*s.rate);
    });
    return out.empty() ? out : ",\"stated\":{" + out + "}";
}

}  // namespace
}  // namespace plan

std::uint64_t Plan::total_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& buffer : buffers) sum += buffer.bytes;
    return sum;
}

std::uint64_t Plan::mapped_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& buffer : buffers) sum += buffer.mapped_bytes;
    return sum;
}

std::string Plan::table() const try {
    std::string out;
    for (const auto& device : devices) {
        out +=
            fmt::format("device {}: {}, {} in all, {} free\n", device.name, device.description,
                        plan::format_bytes(device.memory_bytes), plan::format_bytes(device.available_bytes));
        out += plan::stated_text(device.stated);
    }
    out += fmt::format("for {} x {} tokens of context, {} rows a step\n\n", sequences, context, batch_tokens);
    out += fmt::format("{:<12} {:<28} {:>16} {:>16}  {}\n", "device", "buffer", "bytes", "read in place", "");
    for (const auto& b : buffers)
        out += fmt::format("{:<12} {:<28} {:>16} {:>16}  {}\n", b.device, b.name, b.bytes, b.mapped_bytes,
                           b.detail);
    out += fmt::format("{:<12} {:<28} {:>16} {:>16}\n\n", "", "total", total_bytes(), mapped_bytes());
    for (const auto& l : layers) {
        out += fmt::format("layers {}-{} on {} ({} of weights in the file)\n", l.first, l.last, l.device,
                           plan::format_bytes(l.weight_bytes));
    }
    return out + reason + "\n";
} catch (...) { rethrow_typed("plan"); }

std::string Plan::json() const try {
    std::string out = "{\"devices\":[";
    for (std::size_t i = 0; i < devices.size(); ++i) {
        const auto& d = devices[i];
        out += fmt::format(
            "{}{{\"name\":{},\"backend\":{},\"description\":{},\"memory_bytes\":{},\"available_bytes\":{}{}}"
            "}",
            i ? "," : "", json_text(d.name), json_text(d.backend), json_text(d.description), d.memory_bytes,
            d.available_bytes, plan::stated_json(d.stated));
    }
    out += "],\"buffers\":[";
    for (std::size_t i = 0; i < buffers.size(); ++i) {
        const auto& b = buffers[i];
        out += fmt::format("{}{{\"device\":{},\"name\":{},\"bytes\":{},\"mapped_bytes\":{},\"detail\":{}}}",
                           i ? "," : "", json_text(b.device), json_text(b.name), b.bytes, b.mapped_bytes,
                           json_text(b.detail));
    }
    out += "],\"layers\":[";
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const auto& l = layers[i];
        out += fmt::format("{}{{\"first\":{},\"last\":{},\"device\":{},\"weight_bytes\":{}}}", i ? "," : "",
                           l.first, l.last, json_text(l.device), l.weight_bytes);
    }
    return out + fmt::format(
                     "],\"context\":{},\"sequences\":{},\"batch_tokens\":{},\"total_bytes\":{},\"mapped_"
                     "bytes\":{},\"reason\":{}}}",
                     context, sequences, batch_tokens, total_bytes(), mapped_bytes(), json_text(reason));
} catch (...) { rethrow_typed("plan"); }

}  // namespace lamina
