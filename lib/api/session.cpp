#include "lamina/session.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/model_state.hpp"
#include "base/border.hpp"
#include "base/errors.hpp"

namespace lamina {
namespace {

constexpr Errors errors{"session"};

std::string subject(std::size_t index, std::string_view field) {
    return "items[" + std::to_string(index) + "]." + std::string(field);
}

exec::Outputs outputs(WantedLogits wanted) {
    switch (wanted) {
        case WantedLogits::all: return exec::Outputs::all;
        case WantedLogits::last: return exec::Outputs::last;
        case WantedLogits::none: break;
    }
    return exec::Outputs::none;
}

}  // namespace

struct LAMINA_LOCAL Session::State {
    explicit State(std::shared_ptr<Model::State> state)
        : model(std::move(state)), owned(model->executor->plan().workload.sequences) {}
    ~State();

    exec::Executor& executor() const { return *model->executor; }
    bool owns(SequenceId sequence) const { return sequence < owned.size() && owned[sequence]; }
    void require(SequenceId sequence, std::string_view subject) const;
    void require_idle() const;
    void take(std::span<const SequenceTokens> items);
    void form(exec::StepBuilder& step);
    void compute();
    void hand_out(const LogitsSink& sink);

    std::shared_ptr<Model::State> model;
    std::vector<bool> owned;  // by sequence
    bool inside_sink = false;

    // What follows is kept between steps, so that a steady decode allocates nothing.
    std::vector<exec::Work> works;  // the items
    // Items are taken in order, so that logits come out in order: `first` is the first that is not done,
    // `done` how many of its tokens are.
    std::size_t first = 0, done = 0;
    struct Taken {
        std::size_t item, token;  // where the part begins
        exec::Part part;
    };
    std::vector<Taken> taken;   // of the step
    std::vector<float> logits;  // [output rows, vocabulary]
};

Session::State::~State() {
    const auto lease = executor().lease();
    for (SequenceId sequence = 0; sequence < owned.size(); ++sequence)
        if (owned[sequence]) lease.sequences().close(sequence);
}

void Session::State::require(SequenceId sequence, std::string_view subject) const {
    errors.require(owns(sequence), subject, "a sequence that is open", sequence);
}

void Session::State::require_idle() const {
    if (inside_sink) {
        throw Error(ErrorCode::invalid_argument, "session",
                    "its logits sink cannot change the session that calls it");
    }
}

void Session::State::take(std::span<const SequenceTokens> items) {
    works.clear();
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto& item = items[i];
        if (!owns(item.sequence)) require(item.sequence, subject(i, "sequence"));
        works.push_back(
            {item.sequence, item.tokens, outputs(item.logits), exec::class_of(item.tokens.size())});
    }
    executor().lease().check(works, {"session", subject});
    first = done = 0;
}

void Session::State::form(exec::StepBuilder& step) {
    taken.clear();
    for (; first < works.size(); ++first, done = 0) {
        exec::Work work = works[first];
        work.tokens = work.tokens.subspan(done);
        const auto part = step.add(work);
        if (part.tokens == 0) return;
        taken.push_back({first, done, part});
        done += part.tokens;
        if (part.tokens < work.tokens.size()) return;
    }
}

void Session::State::compute() {
    const auto lease = executor().lease();
    auto& step = lease.begin_step();
    form(step);
    // Before anything is appended to a sequence: nothing can fail after that.
    std::size_t rows = 0;
    for (const auto& t : taken) rows += t.part.outputs;
    logits.reserve(rows * executor().limits().vocabulary);
    const auto out = lease.logits();
    // The sink runs without the lease: it may use the model through an engine or another session.
    logits.assign(out.begin(), out.end());
}

void Session::State::hand_out(const LogitsSink& sink) {
    struct Inside {
        bool& flag;
        explicit Inside(bool& inside) : flag(inside) { flag = true; }
        ~Inside() { flag = false; }
    } const inside(inside_sink);
    if (!sink) return;
    const std::size_t vocabulary = executor().limits().vocabulary;
    for (const auto& [item, token, part] : taken) {
        for (std::uint32_t i = 0; i < part.outputs; ++i) {
            sink(item, token + part.tokens - part.outputs + i,
                 std::span<const float>(logits).subspan((part.first_output + i) * vocabulary, vocabulary));
        }
    }
}

Session::Session(const Model& model) try : state_(std::make_unique<State>(model.state())) {
} catch (...) { rethrow_typed("session"); }
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

SequenceId Session::open() try {
    state_->require_idle();
    const auto sequence = state_->executor().lease().prefixes().open();
    state_->owned[sequence] = true;
    return sequence;
} catch (...) { rethrow_typed("session"); }

void Session::close(SequenceId sequence) try {
    state_->require_idle();
    state_->require(sequence, "sequence");
    state_->executor().lease().sequences().close(sequence);
    state_->owned[sequence] = false;
} catch (...) { rethrow_typed("session"); }

std::uint32_t Session::length(SequenceId sequence) const try {
    state_->require(sequence, "sequence");
    return state_->executor().lease().sequences().length(sequence);
} catch (...) { rethrow_typed("session"); }

void Session::truncate(SequenceId sequence, std::uint32_t length) try {
    state_->require_idle();
    state_->require(sequence, "sequence");
    const auto lease = state_->executor().lease();
    auto& sequences = lease.sequences();
    const std::uint32_t held = sequences.length(sequence);
    if (length > held) errors.refuse("length", "at most " + std::to_string(held), std::to_string(length));
    if (!sequences.can_truncate(sequence, length)) {
        errors.refuse("length", "0 or a length whose sliding window is still held",
                      std::to_string(length) + " of " + std::to_string(held));
    }
    sequences.truncate(sequence, length);
} catch (...) { rethrow_typed("session"); }

void Session::forward(std::span<const SequenceTokens> items, const LogitsSink& sink) try {
    auto& state = *state_;
    state.require_idle();
    state.take(items);
    while (state.first < state.works.size()) {
        state.compute();
        state.hand_out(sink);
    }
} catch (...) { rethrow_typed("session"); }

}  // namespace lamina
