/// @file
/// What computes a model's ops, and how long they take.
#pragma once

#include <cstdint>
#include <string>

namespace lamina {

/// The implementation that an op uses and why earlier candidates declined.
struct OpImplementation {
    std::string op = {};              ///< "linear q4_1 [576, 576]"
    std::string implementation = {};  ///< "packed4 avx512_vnni"
    std::string refused = {};  ///< "onednn: quantized weights; ..."; empty where the first choice took it
};

/// Time that the ops of one kind took, over all layers.
struct OpTime {
    std::string op = {};             ///< "linear attn_q + attn_k + attn_v", "attention: combine"
    std::uint64_t runs = 0;          ///< how often they ran
    double seconds = 0;              ///< in all, with the waiting for other threads
    std::uint64_t weight_bytes = 0;  ///< bytes of matrices that the runs read whole; 0 for chosen experts
};

}  // namespace lamina
