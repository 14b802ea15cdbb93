#include "quant/block_type.hpp"

#include <array>
#include <string>

#include "lamina/error.hpp"

namespace lamina::quant {
namespace {

// In the order of DType.
constexpr std::array<const BlockType*, dtype_count> table = {
    nullptr,       nullptr,     nullptr,       nullptr,      nullptr,      // f32, f16, bf16, f64, i8
    nullptr,       nullptr,     nullptr,                                   // i16, i32, i64
    &q4_0_type,    &q4_1_type,  &q5_0_type,    &q5_1_type,   &q8_0_type,   //
    &q2_k_type,    &q3_k_type,  &q4_k_type,    &q5_k_type,   &q6_k_type,   //
    &iq1_s_type,   &iq1_m_type, &iq2_xxs_type, &iq2_xs_type, &iq2_s_type,  //
    &iq3_xxs_type, &iq3_s_type, &iq4_nl_type,  &iq4_xs_type,               //
    &tq1_0_type,   &tq2_0_type, &mxfp4_type,   &nvfp4_type,
};

}  // namespace

const BlockType& block_type(DType type) {
    const BlockType* found = table[static_cast<std::size_t>(type)];
    if (found) return *found;
    throw Error(ErrorCode::unsupported, "quant", std::string(info(type).name) + " is not a block type");
}

}  // namespace lamina::quant
