#include "cpu/machine.hpp"

#include <cpuid.h>

#include <array>
#include <cstring>

namespace lamina::cpu {

std::string processor_name() {
    std::array<unsigned, 12> words = {};
    unsigned highest = 0, unused = 0;
    if (__get_cpuid(0x80000000u, &highest, &unused, &unused, &unused) == 0 || highest < 0x80000004u)
        return "unknown";
    for (unsigned i = 0; i < 3; ++i) {
        __get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2], &words[4 * i + 3]);
    }
    std::array<char, sizeof words + 1> text = {};
    std::memcpy(text.data(), words.data(), sizeof words);
    std::string name(text.data());
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    return name.empty() ? "unknown" : name;
}

bool wants_l2_prefetch() {
    unsigned highest = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(0, &highest, &b, &c, &d) != 0 && b == signature_INTEL_ebx;
}

}  // namespace lamina::cpu
