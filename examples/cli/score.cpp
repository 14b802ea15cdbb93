#include "score.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lamina::cli {
namespace {

// Sequences are closed in every case.
class OneSequence {
  public:
    explicit OneSequence(Session& session) : session_(session), id_(session.open()) {}
    ~OneSequence() { session_.close(id_); }
    OneSequence(const OneSequence&) = delete;
    OneSequence& operator=(const OneSequence&) = delete;

    template <class Sink>  // void(position, logits)
    void forward(std::span<const TokenId> tokens, const Sink& sink) {
        const SequenceTokens item = {.sequence = id_, .tokens = tokens, .logits = WantedLogits::all};
        session_.forward({&item, 1}, [&sink](std::size_t, std::size_t position,
                                             std::span<const float> logits) { sink(position, logits); });
    }

  private:
    Session& session_;
    SequenceId id_;
};

std::vector<TokenId> likeliest(std::span<const float> logits, std::size_t count) {
    std::vector<TokenId> ids(logits.size());
    std::iota(ids.begin(), ids.end(), 0);
    const auto more_likely = [&](TokenId a, TokenId b) {
        const float x = logits[static_cast<std::size_t>(a)];
        const float y = logits[static_cast<std::size_t>(b)];
        return x != y ? x > y : a < b;
    };
    const auto end = ids.begin() + static_cast<std::ptrdiff_t>(std::min(count, ids.size()));
    std::partial_sort(ids.begin(), end, ids.end(), more_likely);
    ids.erase(end, ids.end());
    return ids;
}

// One token's or bucket's part of KL(p || q); nothing where p is zero.
double divergence(double p, double log_p, double log_q) { return p > 0 ? p * (log_p - log_q) : 0.0; }

double kl_divergence(std::span<const TokenId> ids, std::span<const float> logprobs,
                     std::span<const float> logits, double normaliser) {
    double kl = 0;
    double p_rest = 1;
    double q_rest = 1;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const double log_p = logprobs[i];
        const double log_q = logits[static_cast<std::size_t>(ids[i])] - normaliser;
        kl += divergence(std::exp(log_p), log_p, log_q);
        p_rest -= std::exp(log_p);
        q_rest -= std::exp(log_q);
    }
    // Less than the rounding of the stored f32 values is no rest to speak of.
    constexpr double least = 1e-7;
    p_rest = std::max(p_rest, 0.0);
    return p_rest < least ? kl : kl + divergence(p_rest, std::log(p_rest), std::log(std::max(q_rest, 1e-12)));
}

void add_logit_error(const Window& window, std::size_t position, std::span<const float> logits,
                     Comparison& sums) {
    for (std::size_t row = 0; row < window.full_positions.size(); ++row) {
        if (static_cast<std::size_t>(window.full_positions[row]) != position) continue;
        const float* stored = window.full_logits.data() + row * logits.size();
        double worst = sums.max_logit_error.value_or(0.0);
        for (std::size_t i = 0; i < logits.size(); ++i) {
            worst = std::max(worst, std::abs(static_cast<double>(logits[i]) - stored[i]));
        }
        sums.max_logit_error = worst;
    }
}

void add_position(const Window& window, std::size_t position, std::span<const float> logits,
                  Comparison& sums) {
    const double normaliser = log_sum_exp(logits);
    const auto ids = std::span(window.top_ids).subspan(position * window.top, window.top);
    const auto logprobs = std::span(window.top_logprobs).subspan(position * window.top, window.top);
    const double kl = kl_divergence(ids, logprobs, logits, normaliser);
    if (!(kl <= sums.max_kl)) {  // also when it is not a number
        sums.max_kl = kl;
        sums.max_kl_position = sums.positions;
    }
    sums.kl += kl;
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    sums.agreed += best == ids.front() ? 1 : 0;
    ++sums.positions;
    add_logit_error(window, position, logits, sums);
    if (position >= window.nll.size()) return;
    sums.reference_nll += window.nll[position];
    sums.nll += normaliser - logits[static_cast<std::size_t>(window.tokens[position + 1])];
    ++sums.scored;
}

}  // namespace

double Comparison::reference_perplexity() const {
    return std::exp(reference_nll / static_cast<double>(scored));
}
double Comparison::perplexity() const { return std::exp(nll / static_cast<double>(scored)); }
double Comparison::mean_kl() const { return kl / static_cast<double>(positions); }
double Comparison::agreement() const { return static_cast<double>(agreed) / static_cast<double>(positions); }

double log_sum_exp(std::span<const float> logits) {
    const double highest = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float x : logits) sum += std::exp(x - highest);
    return highest + std::log(sum);
}

Window predict(Session& session, std::span<const TokenId> tokens, std::size_t top, const OnToken& on_token) {
    Window window;
    window.tokens.assign(tokens.begin(), tokens.end());
    OneSequence(session).forward(tokens, [&](std::size_t position, std::span<const float> logits) {
        on_token();
        const double normaliser = log_sum_exp(logits);
        const std::vector<TokenId> ids = likeliest(logits, top);
        window.top = ids.size();
        for (const TokenId id : ids) {
            window.top_ids.push_back(id);
            window.top_logprobs.push_back(
                static_cast<float>(logits[static_cast<std::size_t>(id)] - normaliser));
        }
        if (position + 1 == tokens.size()) return;
        const auto next = static_cast<std::size_t>(tokens[position + 1]);
        window.nll.push_back(static_cast<float>(normaliser - logits[next]));
    });
    return window;
}

void compare(Session& session, const Window& window, Comparison& sums, const OnToken& on_token) {
    OneSequence(session).forward(window.tokens, [&](std::size_t position, std::span<const float> logits) {
        on_token();
        add_position(window, position, logits, sums);
    });
}

}  // namespace lamina::cli
