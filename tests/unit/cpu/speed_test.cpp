// What the peak kernels multiply, and that the device measures with them.
#include <array>
#include <catch2/catch.hpp>
#include <numeric>

#include "cpu/kernels/linear_task.hpp"
#include "cpu/speed.hpp"
#include "support/emulated_tiles.hpp"

using namespace lamina;

namespace {

// Products of ones: their sum counts them.
double products(const cpu::Peak& peak, std::uint32_t one, std::uint64_t rounds) {
    alignas(64) std::array<std::uint32_t, cpu::peak_bytes / 4> in;
    in.fill(one);
    alignas(64) std::array<float, 16> out = {};
    out[0] = 1;
    peak.run(rounds, reinterpret_cast<const std::uint8_t*>(in.data()), out.data());
    return std::accumulate(out.begin(), out.end(), 0.0);
}

}  // namespace

TEST_CASE("self-knowledge: the peak kernels multiply what they say", "[speed]") {
    constexpr std::uint32_t codes = 0x01010101, f32 = 0x3F800000, bf16 = 0x3F803F80;
    constexpr std::uint64_t rounds = 1000;
    using cpu::Isa;
    struct Case {
        Isa isa;
        const cpu::Peak& peak;
        std::uint32_t one;
    };
    const std::array<Case, 10> cases = {{{Isa::scalar, cpu::scalar_packed.peak, codes},
                                         {Isa::scalar, cpu::scalar_dense.peak, f32},
                                         {Isa::avx2, cpu::avx2_packed.peak, codes},
                                         {Isa::avx2, cpu::avx2_dense.peak, f32},
                                         {Isa::avx_vnni, cpu::avx_vnni_packed.peak, codes},
                                         {Isa::avx512_vnni, cpu::avx512_vnni_packed.peak, codes},
                                         {Isa::avx512_vnni, cpu::avx512_vnni_dense.peak, f32},
                                         {Isa::avx512_bf16, cpu::avx512_bf16_dense.peak, bf16},
                                         {Isa::amx, cpu::amx_tiles.peak, bf16},
                                         {Isa::scalar, cpu::emulated_tiles.peak, bf16}}};
    for (const auto& [isa, peak, one] : cases) {
        CAPTURE(cpu::to_string(isa), one);
        if (!cpu::usable(isa, cpu::chosen())) {
            WARN("left out: this machine has no " << cpu::to_string(isa));
            continue;
        }
        CHECK(products(peak, one, rounds) == static_cast<double>(rounds * peak.products));
    }
}

TEST_CASE("self-knowledge: a device measures what it can do at most", "[speed]") {
    ThreadPool pool(2, false);
    for (const auto isa : cpu::detected()) {
        CAPTURE(cpu::to_string(isa));
        const DeviceSpeed speed = cpu::measure_speed(isa, pool);
        CHECK(speed.read_bytes_per_s > 0);
        CHECK(speed.int8_operations_per_s > 0);
        CHECK(speed.f32_operations_per_s > 0);
        CHECK((speed.bf16_operations_per_s > 0) == cpu::usable(cpu::Isa::avx512_bf16, isa));
    }
}
