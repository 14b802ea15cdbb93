#include "lamina/engine.hpp"

#include <mutex>
#include <string>
#include <utility>

#include "api/model_state.hpp"
#include "api/piece_stream.hpp"
#include "base/border.hpp"
#include "base/errors.hpp"
#include "engine/engine.hpp"
#include "text/tokenizer.hpp"

namespace lamina {

std::string_view to_string(FinishReason reason) {
    switch (reason) {
        case FinishReason::running: return "running";
        case FinishReason::end_token: return "end_token";
        case FinishReason::stop_string: return "stop_string";
        case FinishReason::max_tokens: return "max_tokens";
        case FinishReason::context_full: return "context_full";
        case FinishReason::cancelled: return "cancelled";
        case FinishReason::failed: return "failed";
    }
    return "unknown";
}

namespace {

constexpr Errors errors{"request"};

std::vector<TokenId> encode_messages(const Request& request, const Model::State& model,
                                     const Tokenizer& tokenizer) {
    const auto text = [&](TokenId id) { return id >= 0 ? tokenizer.piece(id) : std::string{}; };
    RenderOptions options;
    options.bos_token = text(tokenizer.bos());
    options.eos_token = text(tokenizer.eos());
    const ChatTemplate chat = request.chat_template ? *request.chat_template
                              : model.chat_template ? *model.chat_template
                                                    : ChatTemplate::chatml();
    auto ids = chat.encode(tokenizer, request.messages, options);
    // Templates that leave BOS out rely on whoever encodes.
    const bool adds_bos = tokenizer.impl().data().add_bos && tokenizer.bos() >= 0;
    if (adds_bos && (ids.empty() || ids[0] != tokenizer.bos())) ids.insert(ids.begin(), tokenizer.bos());
    return ids;
}

std::vector<TokenId> encode(Request& request, const Model::State& model) {
    const int given = !request.prompt.empty() + !request.messages.empty() + !request.tokens.empty();
    if (given > 1)
        errors.refuse("prompt", "one of prompt, messages and tokens", std::to_string(given) + " of them");
    if (!request.tokens.empty()) return std::move(request.tokens);
    if (!model.tokenizer) {
        throw Error(ErrorCode::unsupported, "request",
                    "the model has no vocabulary: it takes token ids, no text");
    }
    return request.messages.empty() ? model.tokenizer->encode(request.prompt, {.special = true})
                                    : encode_messages(request, model, *model.tokenizer);
}

std::vector<TokenId> end_tokens(const Model::State& model) {
    std::vector<TokenId> out;
    if (!model.tokenizer) return out;
    for (std::uint32_t id = 0; id < model.tokenizer->size(); ++id) {
        if (model.tokenizer->ends_generation(static_cast<TokenId>(id)))
            out.push_back(static_cast<TokenId>(id));
    }
    return out;
}

}  // namespace

struct LAMINA_LOCAL Answer::State {
    State(const std::optional<Tokenizer>& tokenizer, std::vector<std::string> stops)
        : stream(tokenizer, std::move(stops)) {}

    bool has_piece() const {
        const std::lock_guard lock(mutex);
        return next < pieces.size();
    }
    void add(const Piece& piece) {
        const std::lock_guard lock(mutex);
        pieces.push_back(piece);
    }
    bool pop(Piece& piece);
    FinishReason take(TokenId token, std::span<const TokenLogprob> logprobs);
    void finish(FinishReason reason);
    void wait_finished() {
        engine->wait([this] { return task->finished(); });
    }

    std::shared_ptr<engine::Engine> engine;
    std::shared_ptr<engine::Task> task;

    // Of the stepping thread.
    api::PieceStream stream;
    std::function<bool(const Piece&)> on_piece;
    bool stopped = false;

    mutable std::mutex mutex;  // of what follows
    std::vector<Piece> pieces;
    std::size_t next = 0;  // the first that no next() has returned
};

FinishReason Answer::State::take(TokenId token, std::span<const TokenLogprob> logprobs) {
    const auto result = stream.push(token, logprobs);
    stopped = result.stopped;
    bool go_on = true;
    if (result.piece) {
        add(*result.piece);
        go_on = !on_piece || on_piece(*result.piece);
    }
    if (stopped) return FinishReason::stop_string;
    return go_on ? FinishReason::running : FinishReason::cancelled;
}

// Releases what was held back; who cancelled is not called again.
void Answer::State::finish(FinishReason reason) {
    const auto call = std::exchange(on_piece, nullptr);
    if (stopped) return;
    const auto piece = stream.finish();
    if (!piece) return;
    add(*piece);
    if (call && reason != FinishReason::cancelled && reason != FinishReason::failed) call(*piece);
}

bool Answer::State::pop(Piece& piece) {
    const std::lock_guard lock(mutex);
    if (next == pieces.size()) return false;
    piece = pieces[next];  // may fail: the piece is still the next then
    ++next;
    return true;
}

// Methods that wait hold on to the state: a callback may drop this very Answer.

bool Answer::next(Piece& piece) try {
    const auto state = state_;
    for (bool finished = false; !finished;) {
        state->engine->wait([&] { return state->has_piece() || state->task->finished(); });
        finished = state->task->finished();
        if (state->pop(piece)) return true;  // else another thread was faster
    }
    if (const auto error = state->task->error()) std::rethrow_exception(error);
    return false;
} catch (...) { rethrow_typed("answer"); }

void Answer::wait() try {
    const auto state = state_;
    state->wait_finished();
} catch (...) { rethrow_typed("answer"); }

std::string Answer::text() try {
    const auto state = state_;
    state->wait_finished();
    if (const auto error = state->task->error()) std::rethrow_exception(error);
    const std::lock_guard lock(state->mutex);
    std::string out;
    for (const auto& piece : state->pieces) out += piece.text;
    return out;
} catch (...) { rethrow_typed("answer"); }

void Answer::cancel() try { state_->engine->cancel(*state_->task); } catch (...) {
    rethrow_typed("answer");
}
bool Answer::finished() const { return state_->task->finished(); }
FinishReason Answer::finish_reason() const { return state_->task->reason(); }
std::exception_ptr Answer::error() const { return state_->task->error(); }
std::vector<TokenId> Answer::tokens() const try { return state_->task->tokens(); } catch (...) {
    rethrow_typed("answer");
}
Statistics Answer::statistics() const { return state_->task->statistics(); }

struct LAMINA_LOCAL Engine::State {
    State(std::shared_ptr<Model::State> model_state, std::uint32_t queue)
        : model(std::move(model_state)),
          end(end_tokens(*model)),
          core(std::make_shared<engine::Engine>(std::shared_ptr<exec::Forward>(model, model->executor.get()),
                                                queue)) {}
    // Answers keep the core, which lets go of the model here.
    ~State() { core->shutdown(); }

    std::shared_ptr<Model::State> model;
    std::vector<TokenId> end;  // tokens that end an answer
    std::shared_ptr<engine::Engine> core;
};

Engine::Engine(const Model& model, EngineOptions options) try
    : state_(std::make_shared<State>(model.state(), options.queue)) {
} catch (...) { rethrow_typed("engine"); }
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

Answer Engine::submit(Request request) try {
    const auto& model = *state_->model;
    if (!model.tokenizer && !request.stop.empty())
        errors.refuse("stop", "none, as the model has no vocabulary", "some");
    const auto answer = std::make_shared<Answer::State>(model.tokenizer, std::move(request.stop));
    const bool continues_text = request.messages.empty();
    engine::Request task;
    task.prompt = encode(request, model);
    task.max_tokens = request.max_tokens;
    task.sampling = std::move(request.sampling);
    task.logprobs = request.logprobs;
    task.report_chosen_logprob = request.report_chosen_logprob;
    task.end_tokens = state_->end;
    task.ignore_end = request.ignore_end;
    task.when_full = request.when_full;
    task.keep = request.keep;
    task.on_logits = std::move(request.on_logits);
    // The answer and the task hold each other until the task finishes and lets go of its callbacks.
    task.sink = [answer](TokenId token, std::span<const TokenLogprob> logprobs) {
        return answer->take(token, logprobs);
    };
    task.on_finish = [answer](FinishReason reason) { answer->finish(reason); };
    answer->on_piece = std::move(request.on_piece);
    answer->engine = state_->core;
    if (continues_text && !task.prompt.empty() && task.prompt.back() >= 0)
        answer->stream.follow(task.prompt.back());
    answer->task = state_->core->submit(std::move(task));
    return Answer(answer);
} catch (...) { rethrow_typed("request"); }

bool Engine::step() try {
    const auto core = state_->core;
    return core->step();
} catch (...) { rethrow_typed("engine"); }

}  // namespace lamina
