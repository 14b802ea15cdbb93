// The instruction sets that kernels are written for, and which of them this machine has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamina::cpu {

// In rising order; an op without a kernel at a level takes the next lower one that the machine has.
enum class Isa : std::uint8_t { scalar, avx2, avx_vnni, avx512_vnni, avx512_bf16, amx };

std::string_view to_string(Isa isa);
// The level of this name, or nothing.
std::optional<Isa> parse(std::string_view name);

// What kernels ask of a processor, each with the operating system's consent (XCR0) where it saves extra state
// for it.
struct CpuFeatures {
    bool avx2 = false, fma = false, f16c = false;
    bool avx_vnni = false;
    bool avx512f = false, avx512bw = false, avx512vl = false, avx512dq = false, avx512_vnni = false;
    bool avx512_bf16 = false;
    bool amx_tile = false, amx_int8 = false, amx_bf16 = false;
};

// Asks CPUID and XCR0, and Linux for permission to use AMX tiles where there are any (Intel SDM volume 1,
// chapter 13; Linux Documentation/arch/x86/xstate.rst).
CpuFeatures cpu_features();

// The levels that these features carry, weakest first; `scalar` is always there.
std::vector<Isa> levels(const CpuFeatures& features);

// levels(cpu_features()), asked once.
const std::vector<Isa>& detected();

// The strongest detected one, or what the environment variable LAMINA_ISA names.
// Throws invalid_argument if that is unknown or not detected; the message lists what there is.
Isa chosen();

// Whether kernels of level `kernel` may run when `allowed` is the strongest permitted. avx_vnni is missing on
// some AVX-512 machines, so it is asked for by itself.
bool usable(Isa kernel, Isa allowed);

}  // namespace lamina::cpu
