#include "api/device_spec.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

#include "base/errors.hpp"

namespace lamina {
namespace {

struct Unit {
    std::string_view name;
    double factor;
};
constexpr Unit bytes[] = {{"", 1.0},    {"B", 1.0},      {"kB", 1e3},     {"MB", 1e6},     {"GB", 1e9},
                          {"TB", 1e12}, {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
constexpr Unit bytes_per_s[] = {{"", 1.0},         {"B/s", 1.0},     {"kB/s", 1e3},     {"MB/s", 1e6},
                                {"GB/s", 1e9},     {"TB/s", 1e12},   {"KiB/s", 0x1p10}, {"MiB/s", 0x1p20},
                                {"GiB/s", 0x1p30}, {"TiB/s", 0x1p40}};
constexpr Unit operations_per_s[] = {{"", 1.0}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"P", 1e15}};

// "25GB/s" -> 25e9; none for what is no positive finite number of one of the units.
std::optional<double> parse(std::string_view text, std::span<const Unit> units) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    const auto name = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const auto& unit : units) {
        const double product = value * unit.factor;
        if (name == unit.name && product > 0 && std::isfinite(product)) return product;
    }
    return std::nullopt;
}

struct Rate {
    std::string_view key;
    double DeviceRates::*field;
    std::span<const Unit> units;
    const char* example;
};
constexpr Rate rates[] = {
    {"bw", &DeviceRates::read_bytes_per_s, bytes_per_s, "a rate such as bw=145GB/s"},
    {"dram", &DeviceRates::memory_bytes_per_s, bytes_per_s, "a rate such as dram=175GB/s"},
    {"link", &DeviceRates::link_bytes_per_s, bytes_per_s, "a rate such as link=25GB/s"},
    {"flops", &DeviceRates::operations_per_s, operations_per_s, "a rate such as flops=2T"}};

[[noreturn]] void refuse(std::string_view expected, std::string_view setting) {
    Errors{"options"}.refuse("device", expected, setting);
}

void apply(std::string_view setting, DeviceInfo& device) {
    const auto equals = std::min(setting.find('='), setting.size());
    const auto key = setting.substr(0, equals);
    const auto value = setting.substr(std::min(equals + 1, setting.size()));
    if (key == "mem") {
        constexpr double most = 0x1p60;
        const auto size = parse(value, bytes);
        if (!size || *size < 1 || *size >= most) refuse("a size such as mem=24GiB", setting);
        device.memory_bytes = device.available_bytes = static_cast<std::uint64_t>(*size);
        return;
    }
    for (const auto& rate : rates) {
        if (key != rate.key) continue;
        const auto stated = parse(value, rate.units);
        if (!stated) refuse(rate.example, setting);
        device.stated.*rate.field = *stated;
        return;
    }
    refuse("mem=, bw=, dram=, link= or flops=", setting);
}

}  // namespace

void apply_spec(std::string_view spec, DeviceInfo& device) {
    for (auto comma = spec.find(','); comma != std::string_view::npos; comma = spec.find(',')) {
        spec.remove_prefix(comma + 1);
        apply(spec.substr(0, spec.find(',')), device);
    }
}

}  // namespace lamina
