/// @file
/// Requests: a prompt goes in, text streams out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/chat.hpp"
#include "lamina/export.h"
#include "lamina/model.hpp"
#include "lamina/sampling.hpp"

namespace lamina {

/// Why an answer ended.
enum class FinishReason {
    running,       ///< not finished yet
    end_token,     ///< the model ended its answer
    stop_string,   ///< one of Request::stop was written
    max_tokens,    ///< Request::max_tokens reached
    context_full,  ///< the context is full and Request::when_full is stop
    cancelled,     ///< by Answer::cancel, a callback or the engine's end
    failed,        ///< see Answer::error()
};
/// "end_token", "failed", ...: stable names for logs and scripts.
LAMINA_API std::string_view to_string(FinishReason reason);

/// What happens to an answer that has filled its context.
enum class WhenFull {
    stop,   ///< it ends with FinishReason::context_full
    shift,  ///< the older half of what follows the first Request::keep tokens is forgotten, and it goes on
};

/// A token that was likely at some step.
struct TokenLogprob {
    TokenId token = 0;  ///< its id
    float logprob = 0;  ///< natural logarithm of its probability before sampling changes the distribution
};

/// A piece of an answer: one token's text, or several tokens' where characters or stop strings were held
/// back.
struct Piece {
    std::string text = {};             ///< complete UTF-8 characters
    std::vector<TokenId> tokens = {};  ///< those whose text ends in this piece
    /// One list a token: the chosen one first, then the Request::logprobs likeliest.
    std::vector<std::vector<TokenLogprob>> logprobs = {};
};

/// What to continue and how. Exactly one of `prompt`, `messages` and `tokens` is given.
struct Request {
    /// Text to continue, UTF-8; control tokens in it are read, BOS is added where the vocabulary asks for it.
    std::string prompt = {};
    /// A conversation to answer, by the model's chat template (ChatML where it has none).
    std::vector<Message> messages = {};
    std::vector<TokenId> tokens = {};  ///< ids to continue, taken as they are; each 0..vocabulary-1

    /// Tokens of the answer; 0 = until the model ends or the context is full. WhenFull::shift needs a number.
    std::uint32_t max_tokens = 0;
    SamplingParams sampling = {};         ///< how tokens are chosen
    std::vector<std::string> stop = {};   ///< the answer ends before the first of these; not part of the text
    std::uint32_t logprobs = 0;           ///< how many of the likeliest tokens to report at each step; 0..256
    bool report_chosen_logprob = false;   ///< report the chosen token's log-probability alone
    bool ignore_end = false;              ///< go on after end tokens (for measuring)
    WhenFull when_full = WhenFull::stop;  ///< what happens when the context is full
    std::uint32_t keep = 0;               ///< tokens at the start that a shift never forgets; 0..context-2
    /// Renders `messages` instead of the model's own template; none = the model's own.
    std::shared_ptr<const ChatTemplate> chat_template = {};
    /// Sees (and may change) the logits [vocabulary] of each step before sampling; runs on the thread that
    /// steps. Empty: nobody.
    std::function<void(std::span<float> logits, std::span<const TokenId> history)> on_logits = {};
    /// Called with each piece on the thread that steps, besides iteration; returning false cancels. Empty:
    /// nobody.
    std::function<bool(const Piece& piece)> on_piece = {};
};

/// What an answer took.
struct Statistics {
    std::uint32_t prompt_tokens = 0;     ///< tokens of the prompt
    std::uint32_t cached_tokens = 0;     ///< tokens of the prompt that were found in the cache
    std::uint32_t generated_tokens = 0;  ///< tokens of the answer
    double queue_seconds = 0;            ///< submit to first step
    double prefill_seconds = 0;          ///< first step to first token
    double decode_seconds = 0;           ///< first token to last
    /// Of decoding; 0 for fewer than two tokens.
    double tokens_per_second() const {
        return generated_tokens > 1 && decode_seconds > 0 ? (generated_tokens - 1) / decode_seconds : 0.0;
    }
};

/// The answer to a request; cheap to copy, all copies mean the same answer. Waiting on it does the work: the
/// thread that iterates, waits or asks for the text runs the engine's steps. Methods may be called from any
/// thread.
class LAMINA_API Answer {
  public:
    bool next(Piece& piece);  ///< waits for the next piece; false at the end; throws the request's Error
    void wait();              ///< until it is finished; never throws for the request's own failure
    std::string text();       ///< waits and returns the whole text; throws the request's Error
    void cancel();            ///< ends it within one step; harmless when finished
    bool finished() const;    ///< whether it has ended, for whatever reason
    FinishReason finish_reason() const;   ///< running until it has ended
    std::exception_ptr error() const;     ///< set when finish_reason() is failed
    std::vector<TokenId> tokens() const;  ///< generated so far
    Statistics statistics() const;        ///< so far

    /// Text of the pieces, for loops: `for (std::string_view piece : answer)`. Reads once, as next() does.
    class Iterator {
      public:
        using value_type = std::string_view;                ///< a piece's text, valid until the next step
        using difference_type = std::ptrdiff_t;             ///< as iterators have it
        using iterator_category = std::input_iterator_tag;  ///< each piece can be read once
        Iterator() = default;                               ///< the end
        /// At the next piece of an answer; waits for it.
        explicit Iterator(Answer* answer) : answer_(answer) { ++*this; }
        /// The piece's text.
        std::string_view operator*() const { return piece_.text; }
        /// Waits for the next piece; throws the request's Error.
        Iterator& operator++() {
            if (!answer_->next(piece_)) answer_ = nullptr;
            return *this;
        }
        /// Waits for the next piece; throws the request's Error.
        void operator++(int) { ++*this; }
        /// Whether both are at the end, or in the same answer.
        bool operator==(const Iterator& other) const { return answer_ == other.answer_; }

      private:
        Answer* answer_ = nullptr;
        Piece piece_;
    };
    Iterator begin() { return Iterator(this); }  ///< the first piece that nobody has read
    Iterator end() { return {}; }                ///< the end

    struct State;
    /// For the library itself.
    explicit Answer(std::shared_ptr<State> state) : state_(std::move(state)) {}

  private:
    std::shared_ptr<State> state_ = {};
};

/// How an engine takes requests.
struct EngineOptions {
    std::uint32_t queue = 1024;  ///< requests that may wait; at least 1; submit refuses more (queue_full)
};

/// Takes requests from any thread and answers them one after the other, in order. It has no thread of its
/// own: steps run in Answer::next/wait/text or in step(). A request for which there is no memory fails with
/// out_of_memory; the engine and its other requests go on.
class LAMINA_API Engine {
  public:
    /// An engine over a model, which may have others. Throws invalid_argument for options out of range.
    explicit Engine(const Model& model, EngineOptions options = {});
    ~Engine();                             ///< cancels what is unfinished
    Engine(Engine&&) noexcept;             ///< leaves nothing but destruction and assignment to the other
    Engine& operator=(Engine&&) noexcept;  ///< cancels what is unfinished in this one first

    /// Checks the request, encodes its prompt and queues it. Throws Error: invalid_argument (which field and
    /// why), context_full (a prompt that cannot fit, with the numbers), queue_full, template_failed.
    Answer submit(Request request);

    /// Runs one step of the current request; false when there is nothing to do.
    bool step();

  private:
    struct State;
    std::shared_ptr<State> state_ = {};
};

}  // namespace lamina
