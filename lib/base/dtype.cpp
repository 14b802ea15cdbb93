#include "base/dtype.hpp"

#include <array>

namespace lamina {
namespace {

constexpr std::array<DTypeInfo, dtype_count> table = {{
    {"f32", 1, 4},        {"f16", 1, 2},        {"bf16", 1, 2},     {"f64", 1, 8},        {"i8", 1, 1},
    {"i16", 1, 2},        {"i32", 1, 4},        {"i64", 1, 8},      {"q4_0", 32, 18},     {"q4_1", 32, 20},
    {"q5_0", 32, 22},     {"q5_1", 32, 24},     {"q8_0", 32, 34},   {"q2_K", 256, 84},    {"q3_K", 256, 110},
    {"q4_K", 256, 144},   {"q5_K", 256, 176},   {"q6_K", 256, 210}, {"iq1_s", 256, 50},   {"iq1_m", 256, 56},
    {"iq2_xxs", 256, 66}, {"iq2_xs", 256, 74},  {"iq2_s", 256, 82}, {"iq3_xxs", 256, 98}, {"iq3_s", 256, 110},
    {"iq4_nl", 32, 18},   {"iq4_xs", 256, 136}, {"tq1_0", 256, 54}, {"tq2_0", 256, 66},   {"mxfp4", 32, 17},
    {"nvfp4", 64, 36},
}};

}  // namespace

const DTypeInfo& info(DType type) { return table[static_cast<std::size_t>(type)]; }

std::optional<DType> dtype_from_name(std::string_view name) {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table[i].name == name) return static_cast<DType>(i);
    }
    return std::nullopt;
}

}  // namespace lamina
