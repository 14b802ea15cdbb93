// Requests: a prompt goes in, text streams out.
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
#include "lamina/model.hpp"
#include "lamina/sampling.hpp"

namespace lamina {

enum class FinishReason {
    running,       // not finished yet
    end_token,     // the model ended its answer
    stop_string,   // one of Request::stop was written
    max_tokens,    // Request::max_tokens reached
    context_full,  // the context is full and Request::when_full is stop
    cancelled,
    failed,  // see Answer::error()
};
std::string_view to_string(FinishReason reason);

enum class WhenFull {
    stop,   // the answer ends with FinishReason::context_full
    shift,  // the older half of what follows the first `keep` tokens is forgotten and the answer goes on:
            // asks for max_tokens
};

struct TokenLogprob {
    TokenId token = 0;
    float logprob = 0;  // natural logarithm, before sampling changes the distribution
};

// A piece of an answer: one token's text, or several tokens' where characters or stop strings were held back.
struct Piece {
    std::string text = {};             // complete UTF-8 characters
    std::vector<TokenId> tokens = {};  // whose text ends in this piece
    std::vector<std::vector<TokenLogprob>> logprobs =
        {};  // one list a token: the chosen first, then the `logprobs` likeliest
};

struct Request {
    // What to continue; exactly one of these three.
    std::string prompt =
        {};  // text; control tokens in it are read, BOS is added where the vocabulary asks for it
    std::vector<Message> messages =
        {};  // a conversation, by the model's chat template (ChatML where it has none)
    std::vector<TokenId> tokens = {};  // ids, taken as they are

    std::uint32_t max_tokens = 0;  // of the answer; 0 = until the model ends or the context is full
    SamplingParams sampling = {};
    std::vector<std::string> stop = {};  // the answer ends before the first of these; not part of the text
    std::uint32_t logprobs = 0;          // how many of the likeliest tokens to report at each step; 0..256
    bool report_chosen_logprob = false;  // the chosen token's alone
    bool ignore_end = false;             // go on after end tokens (for measuring)
    WhenFull when_full = WhenFull::stop;
    std::uint32_t keep = 0;                                  // tokens at the start that a shift never forgets
    std::shared_ptr<const ChatTemplate> chat_template = {};  // instead of the model's own
    // Sees (and may change) the logits [vocabulary] of each step before sampling; runs on the thread that
    // steps.
    std::function<void(std::span<float> logits, std::span<const TokenId> history)> on_logits = {};
    // Called with each piece on the thread that steps, besides iteration; returning false cancels.
    std::function<bool(const Piece& piece)> on_piece = {};
};

struct Statistics {
    std::uint32_t prompt_tokens = 0;
    std::uint32_t cached_tokens = 0;  // of the prompt, found in the cache
    std::uint32_t generated_tokens = 0;
    double queue_seconds = 0;           // submit to first step
    double prefill_seconds = 0;         // first step to first token
    double decode_seconds = 0;          // first token to last
    double tokens_per_second() const {  // of decoding
        return generated_tokens > 1 && decode_seconds > 0 ? (generated_tokens - 1) / decode_seconds : 0.0;
    }
};

// The answer to a request; cheap to copy, all copies mean the same answer. Waiting on it does the work: the
// thread that iterates, waits or asks for the text runs the engine's steps. Methods may be called from any
// thread.
class Answer {
  public:
    bool next(Piece& piece);  // waits for the next piece; false at the end; throws the request's Error
    void wait();              // until it is finished; never throws for the request's own failure
    std::string text();       // waits and returns the whole text; throws the request's Error
    void cancel();            // ends it within one step; harmless when finished
    bool finished() const;
    FinishReason finish_reason() const;
    std::exception_ptr error() const;     // set when finish_reason() is failed
    std::vector<TokenId> tokens() const;  // generated so far
    Statistics statistics() const;

    // for (std::string_view piece : answer)
    class Iterator {
      public:
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;
        Iterator() = default;
        explicit Iterator(Answer* answer) : answer_(answer) { ++*this; }
        std::string_view operator*() const { return piece_.text; }
        Iterator& operator++() {
            if (!answer_->next(piece_)) answer_ = nullptr;
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(const Iterator& other) const { return answer_ == other.answer_; }

      private:
        Answer* answer_ = nullptr;
        Piece piece_;
    };
    Iterator begin() { return Iterator(this); }
    Iterator end() { return {}; }

    struct State;
    explicit Answer(std::shared_ptr<State> state) : state_(std::move(state)) {}

  private:
    std::shared_ptr<State> state_ = {};
};

struct EngineOptions {
    std::uint32_t queue = 1024;  // requests that may wait; submit refuses more (queue_full)
};

// Takes requests from any thread and answers them one after the other, in order. It has no thread of its own:
// steps run in Answer::next/wait/text or in step().
class Engine {
  public:
    explicit Engine(Model model, EngineOptions options = {});
    ~Engine();  // cancels what is unfinished
    Engine(Engine&&) noexcept;
    Engine& operator=(Engine&&) noexcept;

    // Checks the request, encodes its prompt and queues it. Throws Error: invalid_argument (which field and
    // why), context_full (a prompt that cannot fit, with the numbers), template_failed.
    Answer submit(Request request);

    // Runs one step of the current request; false when there is nothing to do.
    bool step();

  private:
    struct State;
    std::shared_ptr<State> state_ = {};
};

}  // namespace lamina
