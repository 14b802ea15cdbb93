#include "sample/logprobs.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "lamina/error.hpp"

namespace lamina::sample {
void LogProbabilities::compute(std::span<const float> logits, TokenId chosen, std::uint32_t count,
                               std::vector<TokenLogprob>& out) {
    out.clear();
    if (!row_.scan(logits) || row_.maximum() == no_logit) {
        throw Error(ErrorCode::numerical_fault, "logprobs", "the logits are not finite");
    }
    const float maximum = row_.maximum();
    const double log_sum = std::log(row_.exponential_sum());
    const auto logprob = [&](float logit) { return static_cast<float>(double{logit} - maximum - log_sum); };
    out.push_back({chosen, logprob(logits[static_cast<std::size_t>(chosen)])});
    row_.gather_largest(count, likeliest_, work_);
    std::sort(likeliest_.begin(), likeliest_.end(), std::greater<>());
    for (const Key key : likeliest_) out.push_back({key_token(key), logprob(key_logit(key))});
}

}  // namespace lamina::sample
