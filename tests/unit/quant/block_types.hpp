// What the tests of lib/quant share.
#pragma once

#include <string>
#include <vector>

#include "base/dtype.hpp"

namespace lamina::test {

inline std::vector<DType> block_types() {
    std::vector<DType> types;
    for (int i = 0; i < dtype_count; ++i) {
        if (is_quantized(static_cast<DType>(i))) types.push_back(static_cast<DType>(i));
    }
    return types;
}

inline std::string name(DType type) { return std::string(info(type).name); }

}  // namespace lamina::test
