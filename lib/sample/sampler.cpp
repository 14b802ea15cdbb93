#include "sample/sampler.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <functional>
#include <string>

#include "base/errors.hpp"

namespace lamina::sample {
namespace {

constexpr Errors errors{"sampling"};

[[noreturn]] void fault(std::string_view expected, std::string_view found) {
    errors.fail(ErrorCode::numerical_fault, "logits", expected, found);
}

void require_number(float logit, std::size_t token) {
    if (logit < std::numeric_limits<float>::infinity()) return;
    fault("finite values or -infinity", std::to_string(logit) + " of token " + std::to_string(token));
}

[[noreturn]] void report_bad(std::span<const float> logits) {
    for (std::size_t i = 0; i < logits.size(); ++i) require_number(logits[i], i);
    fault("finite values", "others");
}

// Sums of the biases of each token, by ascending id.
std::vector<std::pair<TokenId, float>> merged(std::vector<std::pair<TokenId, float>> biases) {
    std::stable_sort(biases.begin(), biases.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::size_t kept = 0;
    for (const auto& bias : biases) {
        if (kept > 0 && biases[kept - 1].first == bias.first) {
            biases[kept - 1].second = std::min(biases[kept - 1].second + bias.second, FLT_MAX);
        } else {
            biases[kept++] = bias;
        }
    }
    biases.resize(kept);
    return biases;
}

bool penalises(const SamplingParams& p) {
    return p.penalty_window > 0 &&
           (p.repetition_penalty != 1 || p.presence_penalty != 0 || p.frequency_penalty != 0);
}

}  // namespace

void validate(const SamplingParams& p, std::uint32_t vocabulary) {
    for (const auto& [token, bias] : p.logit_bias) {
        if (token < 0 || static_cast<std::uint32_t>(token) >= vocabulary) {
            errors.refuse("logit_bias", "token ids 0.." + std::to_string(std::int64_t{vocabulary} - 1),
                          std::to_string(token));
        }
        errors.require(bias <= FLT_MAX, "logit_bias", "a finite number or -infinity", bias);
    }
    errors.require(p.repetition_penalty > 0 && p.repetition_penalty <= FLT_MAX, "repetition_penalty",
                   "a finite number > 0", p.repetition_penalty);
    errors.require(std::isfinite(p.presence_penalty), "presence_penalty", "a finite number",
                   p.presence_penalty);
    errors.require(std::isfinite(p.frequency_penalty), "frequency_penalty", "a finite number",
                   p.frequency_penalty);
    errors.require(p.top_p > 0 && p.top_p <= 1, "top_p", "0 < top_p <= 1", p.top_p);
    errors.require(p.min_p >= 0 && p.min_p < 1, "min_p", "0 <= min_p < 1", p.min_p);
    errors.require(p.temperature >= 0 && p.temperature <= FLT_MAX, "temperature", "a finite number >= 0",
                   p.temperature);
}

// Logits changed in place, put back at the end of the scope.
class Sampler::Edits {
  public:
    Edits(std::span<float> logits, std::vector<std::pair<TokenId, float>>& undo)
        : logits_(logits), undo_(undo) {
        undo_.clear();
    }
    ~Edits() {
        for (auto edit = undo_.rbegin(); edit != undo_.rend(); ++edit) at(edit->first) = edit->second;
    }
    Edits(const Edits&) = delete;
    Edits& operator=(const Edits&) = delete;

    // Replaces a logit by change(logit), kept in float's range so that no edit makes a fault of a sound one.
    template <class Change>
    void apply(TokenId token, Change&& change) {
        float& logit = at(token);
        require_number(logit, static_cast<std::size_t>(token));
        if (logit == no_logit) return;
        undo_.emplace_back(token, logit);
        const double value = change(logit);
        logit =
            value < -DBL_MAX ? no_logit : static_cast<float>(std::clamp<double>(value, -FLT_MAX, FLT_MAX));
    }

  private:
    float& at(TokenId token) { return logits_[static_cast<std::size_t>(token)]; }

    std::span<float> logits_;
    std::vector<std::pair<TokenId, float>>& undo_;
};

Sampler::Sampler(SamplingParams params, std::uint32_t vocabulary)
    : params_((validate(params, vocabulary), std::move(params))),
      vocabulary_(vocabulary),
      random_(params_.seed ? *params_.seed : fresh_seed()) {
    params_.logit_bias = merged(std::move(params_.logit_bias));
    if (params_.temperature > 0) scale_ = std::clamp(1.0f / params_.temperature, FLT_MIN, FLT_MAX);
    if (penalises(params_)) window_.emplace(params_.penalty_window, vocabulary);
    reserve();
}

// What any row may need; pages of it that no row needs are never touched.
void Sampler::reserve() {
    const std::size_t penalised = window_ ? std::min(params_.penalty_window, vocabulary_) : 0;
    undo_.reserve(params_.logit_bias.size() + penalised);
    row_.reserve(vocabulary_);
    if (params_.temperature == 0) return;
    kept_.reserve(vocabulary_);
    work_.reserve(vocabulary_);
    weights_.reserve(std::max<std::size_t>(vocabulary_, Row::depths));
}

TokenId Sampler::next(std::span<float> logits, std::span<const TokenId> history) {
    if (logits.size() != vocabulary_) {
        errors.refuse("logits", std::to_string(vocabulary_) + " values", std::to_string(logits.size()));
    }
    Edits edits(logits, undo_);
    edit(edits, history);
    if (!row_.scan(logits)) report_bad(logits);
    if (row_.maximum() == no_logit) fault("at least one above -infinity", "none");
    if (params_.temperature == 0) return row_.likeliest();

    const std::uint64_t draw = random_.next();
    const bool top_k = params_.top_k > 0 && params_.top_k < vocabulary_;
    if (!top_k && params_.top_p >= 1 && params_.min_p <= 0) return draw_of_all(draw);
    if (top_k) {
        row_.gather_largest(params_.top_k, kept_, work_);
        if (params_.top_p < 1) keep_top_p(kept_weight());
    } else {
        keep_likely();
    }
    keep_min_p();
    return draw_of_kept(draw);
}

void Sampler::edit(Edits& edits, std::span<const TokenId> history) {
    for (const auto& bias : params_.logit_bias) {
        edits.apply(bias.first, [&](float logit) { return double{logit} + bias.second; });
    }
    if (!window_) return;
    window_->advance(history);
    window_->for_each([&](TokenId token, std::uint32_t count) {
        edits.apply(token, [&](float logit) {
            const double r = params_.repetition_penalty;
            return (logit > 0 ? logit / r : logit * r) - params_.presence_penalty -
                   double{params_.frequency_penalty} * count;
        });
    });
}

Weight Sampler::kept_weight() const {
    Weight total = 0;
    for (const Key key : kept_) total += weigh(key_logit(key), row_.maximum(), 1);
    return total;
}

namespace {

Weight range_of(float p, Weight total) {
    return static_cast<Weight>(std::ceil(double{p} * static_cast<double>(total)));
}

// The smallest of the largest keys in `range` whose weights together reach `need` (all of them where they do
// not): halves the part in which it lies. Reorders `range`, which is not empty.
Key last_needed(std::span<Key> range, Weight need, float maximum) {
    const auto weight = [&](Key key) { return weigh(key_logit(key), maximum, 1); };
    while (range.size() > 32) {
        const std::size_t half = range.size() / 2;
        std::nth_element(range.begin(), range.begin() + static_cast<std::ptrdiff_t>(half), range.end(),
                         std::greater<>());
        Weight upper = 0;
        for (const Key key : range.first(half)) upper += weight(key);
        range = upper >= need ? range.first(half) : range.subspan(half);
        if (upper < need) need -= upper;
    }
    std::sort(range.begin(), range.end(), std::greater<>());
    std::size_t last = 0;
    for (Weight sum = weight(range[0]); sum < need && last + 1 < range.size();) sum += weight(range[++last]);
    return range[last];
}

}  // namespace

// Top-p of what is kept, where the probabilities are shares of `total`.
void Sampler::keep_top_p(Weight total) {
    const Weight need = range_of(params_.top_p, total);
    if (kept_weight() <= need) return;
    work_.assign(kept_.begin(), kept_.end());
    const Key last = last_needed(work_, need, row_.maximum());
    std::erase_if(kept_, [&](Key key) { return key < last; });
}

// Top-p of the whole vocabulary.
void Sampler::keep_likely() {
    if (params_.min_p > 0) {
        // What min-p will remove is not gathered; the bound lies a little below the exact one, which
        // keep_min_p applies.
        row_.gather(row_.maximum() + std::log(params_.min_p) - 1e-3f, kept_);
        if (params_.top_p < 1) keep_top_p(row_.sum(1, weights_));
        return;
    }
    Weight need = range_of(params_.top_p, row_.sum(weights_));
    std::size_t depth = 0;
    for (; depth + 1 < Row::depths && weights_[depth] < need; ++depth) need -= weights_[depth];
    row_.gather_depth(depth, work_);
    const Key last = last_needed(work_, need, row_.maximum());
    row_.gather(key_logit(last), kept_);
    std::erase_if(kept_, [&](Key key) { return key < last; });
}

void Sampler::keep_min_p() {
    if (params_.min_p <= 0) return;
    std::erase_if(kept_,
                  [&](Key key) { return exp_not_positive(key_logit(key) - row_.maximum()) < params_.min_p; });
}

TokenId Sampler::draw_of_kept(std::uint64_t draw) {
    weights_.clear();
    Weight total = 0;
    for (const Key key : kept_) {
        weights_.push_back(weigh(key_logit(key), row_.maximum(), scale_));
        total += weights_.back();
    }
    Weight point = scale_draw(draw, total);
    std::size_t i = 0;
    while (point >= weights_[i]) point -= weights_[i++];
    return key_token(kept_[i]);
}

TokenId Sampler::draw_of_all(std::uint64_t draw) {
    Weight point = scale_draw(draw, row_.sum(scale_, weights_));
    std::size_t b = 0;
    while (point >= weights_[b]) point -= weights_[b++];
    const auto values = row_.block(b);
    std::size_t i = 0;
    for (Weight w; point >= (w = weigh(values[i], row_.maximum(), scale_)); ++i) point -= w;
    return static_cast<TokenId>(b * block_tokens + i);
}

}  // namespace lamina::sample
