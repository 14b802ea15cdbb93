#include "hostile/tally.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

namespace lamina::test::hostile {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

}  // namespace

std::size_t stride() {
    const char* wanted = std::getenv("LAMINA_SWEEP");
    return sanitized || (wanted && std::string_view(wanted) == "all") ? 1 : 16;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void add(Tally& sum, const Tally& part) {
    sum.cases += part.cases;
    sum.accepted += part.accepted;
    sum.refused += part.refused;
    sum.largest_allocation = std::max(sum.largest_allocation, part.largest_allocation);
    for (const auto& [code, count] : part.by_code) sum.by_code[code] += count;
}

void print(const std::string& name, const Tally& tally, double seconds) {
    std::string codes;
    for (const auto& [code, count] : tally.by_code) codes += "  " + code + " " + std::to_string(count);
    std::printf("%-24s %6zu cases %6zu accepted %6zu refused  %9zu bytes at most %6.1f s%s\n", name.c_str(),
                tally.cases, tally.accepted, tally.refused, tally.largest_allocation, seconds, codes.c_str());
}

}  // namespace lamina::test::hostile
