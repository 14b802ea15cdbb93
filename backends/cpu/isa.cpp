#include "cpu/isa.hpp"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/join.hpp"
#include "cpu/errors.hpp"

namespace lamina::cpu {
namespace {

constexpr std::array<std::string_view, 6> names = {"scalar",      "avx2",        "avx_vnni",
                                                   "avx512_vnni", "avx512_bf16", "amx"};

struct Registers {
    unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
    Registers r;
    if (__get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d) == 0) return {};
    return r;
}

constexpr bool bit(unsigned value, int index) { return ((value >> index) & 1u) != 0; }

// The register states that the operating system saves. By its opcode: the intrinsic needs -mxsave.
std::uint64_t xcr0() {
    unsigned low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (std::uint64_t{high} << 32) | low;
}

// Tile data is 8 KiB a thread, so Linux gives it to processes that ask.
bool tiles_permitted() {
    constexpr long request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr long tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

bool has(Isa isa) {
    const auto& all = detected();
    return std::find(all.begin(), all.end(), isa) != all.end();
}

}  // namespace

std::string_view to_string(Isa isa) { return names[static_cast<std::size_t>(isa)]; }

std::optional<Isa> parse(std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<Isa>(found - names.begin());
}

CpuFeatures cpu_features() {
    CpuFeatures f;
    const Registers basic = cpuid(1, 0);
    if (!bit(basic.c, 27)) return f;  // OSXSAVE: without it XCR0 cannot be read
    const std::uint64_t saved = xcr0();
    const auto saves = [saved](std::uint64_t states) { return (saved & states) == states; };
    const bool ymm = saves(0x6), zmm = saves(0xE6), tiles = saves(0x60000);
    const Registers extended = cpuid(7, 0), more = cpuid(7, 1);

    f.fma = ymm && bit(basic.c, 12);
    f.f16c = ymm && bit(basic.c, 29);
    f.avx2 = ymm && bit(extended.b, 5);
    f.avx_vnni = ymm && bit(more.a, 4);
    f.avx512f = zmm && bit(extended.b, 16);
    f.avx512dq = zmm && bit(extended.b, 17);
    f.avx512bw = zmm && bit(extended.b, 30);
    f.avx512vl = zmm && bit(extended.b, 31);
    f.avx512_vnni = zmm && bit(extended.c, 11);
    f.avx512_bf16 = zmm && bit(more.a, 5);
    if (tiles && bit(extended.d, 24) && tiles_permitted()) {
        f.amx_tile = true;
        f.amx_bf16 = bit(extended.d, 22);
        f.amx_int8 = bit(extended.d, 25);
    }
    return f;
}

std::vector<Isa> levels(const CpuFeatures& f) {
    std::vector<Isa> out = {Isa::scalar};
    if (!(f.avx2 && f.fma && f.f16c)) return out;
    out.push_back(Isa::avx2);
    if (f.avx_vnni) out.push_back(Isa::avx_vnni);
    if (!(f.avx512f && f.avx512bw && f.avx512vl && f.avx512dq && f.avx512_vnni)) return out;
    out.push_back(Isa::avx512_vnni);
    if (!f.avx512_bf16) return out;
    out.push_back(Isa::avx512_bf16);
    if (f.amx_tile && f.amx_int8 && f.amx_bf16) out.push_back(Isa::amx);
    return out;
}

const std::vector<Isa>& detected() {
    static const std::vector<Isa> found = levels(cpu_features());
    return found;
}

Isa chosen() {
    const char* forced = std::getenv("LAMINA_ISA");
    if (forced == nullptr || *forced == '\0') return detected().back();
    const auto isa = parse(forced);
    if (isa && has(*isa)) return *isa;
    errors.refuse("LAMINA_ISA",
                  "one of " + join(detected(), ", ", [](Isa found) { return to_string(found); }),
                  std::string(forced) + (isa ? ", which this machine lacks" : ""));
}

bool usable(Isa kernel, Isa allowed) { return kernel <= allowed && has(kernel); }

}  // namespace lamina::cpu
