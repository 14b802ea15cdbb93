#include "profile.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

namespace lamina::cli {

void print_profile(std::FILE* out, std::vector<OpTime> profile) {
    std::stable_sort(profile.begin(), profile.end(),
                     [](const OpTime& a, const OpTime& b) { return a.seconds > b.seconds; });
    const double total = std::accumulate(profile.begin(), profile.end(), 0.0,
                                         [](double sum, const OpTime& time) { return sum + time.seconds; });
    fmt::print(out, "  {:<44} {:>8} {:>10} {:>7} {:>9} {:>7}\n", "op", "runs", "seconds", "share", "us a run",
               "GB/s");
    for (const OpTime& time : profile) {
        const std::string rate =
            time.weight_bytes == 0
                ? ""
                : fmt::format("{:.1f}", static_cast<double>(time.weight_bytes) / time.seconds / 1e9);
        fmt::print(out, "  {:<44} {:>8} {:>10.4f} {:>5.1f} % {:>9.1f} {:>7}\n", time.op, time.runs,
                   time.seconds, total > 0 ? 100 * time.seconds / total : 0,
                   1e6 * time.seconds / static_cast<double>(time.runs), rate);
    }
}

nlohmann::ordered_json profile_json(const std::vector<OpTime>& profile) {
    auto out = nlohmann::ordered_json::array();
    for (const OpTime& time : profile) {
        out.push_back({{"op", time.op},
                       {"runs", time.runs},
                       {"seconds", time.seconds},
                       {"weight_bytes", time.weight_bytes}});
    }
    return out;
}

}  // namespace lamina::cli
