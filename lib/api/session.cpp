#include "lamina/session.hpp"

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/model_state.hpp"
#include "base/border.hpp"
#include "lamina/error.hpp"

namespace lamina {
namespace {

[[noreturn]] void refuse(ErrorCode code, std::string subject, std::string expected, std::string found) {
    throw Error(code, ErrorDetails{.area = "session",
                                   .subject = std::move(subject),
                                   .expected = std::move(expected),
                                   .found = std::move(found)});
}

std::string of_item(std::size_t index) { return "items[" + std::to_string(index) + "]"; }

}  // namespace

struct LAMINA_LOCAL Session::State {
    explicit State(std::shared_ptr<Model::State> state) : model(std::move(state)) {}
    ~State();

    bool owns(SequenceId sequence) const {
        return std::find(open.begin(), open.end(), sequence) != open.end();
    }
    void require(SequenceId sequence, std::string_view subject) const;
    void require_idle() const;
    std::uint64_t check(std::size_t index, const SequenceTokens& item) const;
    void check(std::span<const SequenceTokens> items);
    void plan_step(std::span<const SequenceTokens> items);
    void compute();

    std::shared_ptr<Model::State> model;
    std::vector<SequenceId> open;
    bool inside_sink = false;

    // What follows is kept between steps, so that a steady decode allocates nothing.
    std::vector<SequenceId> named;  // by the items

    // The step being formed. Items are taken in order, so that logits come out in order: `first` is the first
    // that is not done, `done` how many of its tokens are.
    struct Part {
        std::size_t item, token;  // where the part begins
    };
    std::size_t first = 0, done = 0;
    std::vector<exec::Item> batch;
    std::vector<Part> parts;    // of the batch
    std::vector<float> logits;  // [wanted rows, vocabulary]
};

Session::State::~State() {
    const std::lock_guard lock(model->mutex);
    for (const SequenceId sequence : open) model->executor->sequences().close(sequence);
}

void Session::State::require(SequenceId sequence, std::string_view subject) const {
    if (!owns(sequence)) {
        refuse(ErrorCode::invalid_argument, std::string(subject), "a sequence that is open",
               std::to_string(sequence));
    }
}

void Session::State::require_idle() const {
    if (inside_sink) {
        throw Error(ErrorCode::invalid_argument, "session",
                    "its logits sink cannot change the session that calls it");
    }
}

// Returns how many tokens the sequence will hold.
std::uint64_t Session::State::check(std::size_t index, const SequenceTokens& item) const {
    if (!owns(item.sequence)) require(item.sequence, of_item(index) + ".sequence");
    if (item.tokens.empty())
        refuse(ErrorCode::invalid_argument, of_item(index) + ".tokens", "at least one", "none");
    const std::uint32_t vocabulary = model->executor->vocabulary();
    for (const TokenId token : item.tokens) {
        if (token >= 0 && static_cast<std::uint32_t>(token) < vocabulary) continue;
        refuse(ErrorCode::invalid_argument, of_item(index) + ".tokens",
               "ids 0.." + std::to_string(vocabulary - 1), std::to_string(token));
    }
    return std::uint64_t{model->executor->sequences().length(item.sequence)} + item.tokens.size();
}

void Session::State::check(std::span<const SequenceTokens> items) {
    named.clear();
    const std::uint32_t context = model->executor->sequences().context();
    for (std::size_t i = 0; i < items.size(); ++i) {
        const std::uint64_t length = check(i, items[i]);
        if (length > context) {
            refuse(ErrorCode::context_full, of_item(i) + ".tokens",
                   "at most " + std::to_string(context) + " tokens in sequence " +
                       std::to_string(items[i].sequence),
                   std::to_string(length));
        }
        named.push_back(items[i].sequence);
    }
    std::sort(named.begin(), named.end());
    if (const auto twice = std::adjacent_find(named.begin(), named.end()); twice != named.end()) {
        refuse(ErrorCode::invalid_argument, "items", "each sequence once", std::to_string(*twice) + " twice");
    }
}

// As many of the tokens that are left as rows and logit rows allow.
void Session::State::plan_step(std::span<const SequenceTokens> items) {
    std::size_t rows = model->executor->max_rows(), wanted = model->executor->max_wanted();
    batch.clear();
    parts.clear();
    while (first < items.size() && rows > 0) {
        const auto& item = items[first];
        const auto left = item.tokens.subspan(done);
        std::size_t size = std::min(rows, left.size());
        if (item.logits == WantedLogits::all) size = std::min(size, wanted);
        if (item.logits == WantedLogits::last && size == left.size() && wanted == 0) --size;
        if (size == 0) break;
        const bool complete = size == left.size();
        const std::size_t unwanted = item.logits == WantedLogits::all                ? 0
                                     : item.logits == WantedLogits::last && complete ? size - 1
                                                                                     : size;
        batch.push_back(
            {item.sequence, left.first(size), static_cast<std::uint32_t>(unwanted), item.tokens.size() > 1});
        parts.push_back({first, done});
        rows -= size;
        wanted -= size - unwanted;
        done += size;
        if (!complete) break;
        ++first;
        done = 0;
    }
}

void Session::State::compute() {
    // Before anything is appended to a sequence: nothing can fail after that.
    std::size_t rows = 0;
    for (const auto& item : batch) rows += item.tokens.size() - item.first_wanted;
    logits.reserve(rows * model->executor->vocabulary());
    const std::lock_guard lock(model->mutex);
    const auto out = model->executor->forward(batch);
    // The sink runs without the lock: it may use the model through an engine or another session.
    logits.assign(out.begin(), out.end());
}

Session::Session(const Model& model) try : state_(std::make_unique<State>(model.state())) {
} catch (...) { rethrow_typed("session"); }
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

SequenceId Session::open() try {
    state_->require_idle();
    state_->open.reserve(state_->open.size() + 1);
    const std::lock_guard lock(state_->model->mutex);
    state_->open.push_back(state_->model->prefixes->open());
    return state_->open.back();
} catch (...) { rethrow_typed("session"); }

void Session::close(SequenceId sequence) try {
    state_->require_idle();
    state_->require(sequence, "sequence");
    const std::lock_guard lock(state_->model->mutex);
    state_->model->executor->sequences().close(sequence);
    std::erase(state_->open, sequence);
} catch (...) { rethrow_typed("session"); }

std::uint32_t Session::length(SequenceId sequence) const try {
    state_->require(sequence, "sequence");
    const std::lock_guard lock(state_->model->mutex);
    return state_->model->executor->sequences().length(sequence);
} catch (...) { rethrow_typed("session"); }

void Session::truncate(SequenceId sequence, std::uint32_t length) try {
    state_->require_idle();
    state_->require(sequence, "sequence");
    const std::lock_guard lock(state_->model->mutex);
    auto& sequences = state_->model->executor->sequences();
    const std::uint32_t held = sequences.length(sequence);
    if (length > held)
        refuse(ErrorCode::invalid_argument, "length", "at most " + std::to_string(held),
               std::to_string(length));
    if (!sequences.can_truncate(sequence, length)) {
        refuse(ErrorCode::invalid_argument, "length", "0 or a length whose sliding window is still held",
               std::to_string(length) + " of " + std::to_string(held));
    }
    sequences.truncate(sequence, length);
} catch (...) { rethrow_typed("session"); }

void Session::forward(std::span<const SequenceTokens> items, const LogitsSink& sink) try {
    auto& state = *state_;
    state.require_idle();
    {
        const std::lock_guard lock(state.model->mutex);
        state.check(items);
    }
    const std::size_t vocabulary = state.model->executor->vocabulary();
    struct Inside {
        bool& flag;
        ~Inside() { flag = false; }
    } inside{state.inside_sink};
    for (state.first = 0, state.done = 0; state.first < items.size();) {
        state.plan_step(items);
        state.compute();
        inside.flag = true;
        std::size_t row = 0;
        for (std::size_t i = 0; i < state.batch.size(); ++i) {
            const auto& part = state.batch[i];
            for (std::size_t t = part.first_wanted; t < part.tokens.size(); ++t, ++row) {
                const auto logits =
                    std::span<const float>(state.logits).subspan(row * vocabulary, vocabulary);
                if (sink) sink(state.parts[i].item, state.parts[i].token + t, logits);
            }
        }
        inside.flag = false;
    }
} catch (...) { rethrow_typed("session"); }

}  // namespace lamina
