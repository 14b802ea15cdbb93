#include "exec/forward.hpp"

namespace lamina::exec {

Forward::Forward(const Limits& limits, std::span<const backend::CacheGeometry> groups,
                 std::uint32_t sequences, std::uint32_t context)
    : limits_(limits),
      sequences_(groups, sequences, context),
      prefixes_(sequences_),
      builder_(limits, groups.size(), sequences, sequences_) {}

std::span<const float> Lease::run(bool hidden_only) const {
    auto& builder = forward_.builder_;
    try {
        const auto results = forward_.run(builder.step(hidden_only));
        builder.commit();
        return results;
    } catch (...) {
        builder.abandon();
        throw;
    }
}

}  // namespace lamina::exec
