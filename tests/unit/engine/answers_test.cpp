#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <thread>

#include "api/model_state.hpp"
#include "support/expect_error.hpp"
#include "text/tokenizer.hpp"
#include "text/utf8.hpp"
#include "text_model.hpp"

namespace lamina::engine::test {
namespace {

using lamina::test::expect_error;

// A request that writes `text` and then its end token.
lamina::Request writing(const Model& model, const std::string& text) {
    lamina::Request request;
    request.prompt = "x";
    auto tokens = model.tokenizer().encode(text);
    tokens.push_back(TextModel::end);
    request.on_logits = write_tokens(tokens, 1);
    return request;
}

struct Pieces {
    std::string text;
    std::vector<TokenId> tokens;
    std::size_t count = 0;
};

Pieces collect(Answer answer) {
    Pieces out;
    Piece piece;
    while (answer.next(piece)) {
        CHECK(text::well_formed_end(piece.text, 0) == piece.text.size());
        out.text += piece.text;
        out.tokens.insert(out.tokens.end(), piece.tokens.begin(), piece.tokens.end());
        ++out.count;
    }
    return out;
}

std::vector<TokenId> greedy_by_session(const Model& model, std::vector<TokenId> tokens, std::size_t count) {
    Session session(model);
    const auto id = session.open();
    std::vector<TokenId> out;
    while (out.size() < count) {
        const SequenceTokens items[] = {{id, tokens, WantedLogits::last}};
        session.forward(items, [&](std::size_t, std::size_t, std::span<const float> logits) {
            out.push_back(
                static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
        });
        tokens = {out.back()};
    }
    return out;
}

}  // namespace

TEST_CASE("greedy answers are those of a loop by hand, whatever the chunks") {
    for (const char* name : {"llama", "gemma3"}) {
        for (std::uint32_t batch : {5u, 512u}) {
            const auto model = Model::load(std::string(LAMINA_TEST_DATA "/tiny/") + name + ".gguf",
                                           {.batch_tokens = batch, .backend = "reference"});
            std::vector<TokenId> prompt;
            for (TokenId i = 0; i < 23; ++i) prompt.push_back((i * 7 + 3) % 50);
            lamina::Engine engine(model);
            lamina::Request request;
            request.tokens = prompt;
            request.max_tokens = 12;
            request.ignore_end = true;
            request.sampling = SamplingParams::greedy();
            auto answer = engine.submit(request);
            answer.wait();
            CHECK(answer.finish_reason() == FinishReason::max_tokens);
            const auto by_hand = greedy_by_session(model, prompt, 12);
            CHECK(answer.tokens() == by_hand);

            // The next turn of a chat, with its beginning from the cache.
            auto longer = prompt;
            longer.insert(longer.end(), by_hand.begin(), by_hand.end());
            longer.push_back(5);
            request.tokens = longer;
            auto first = engine.submit(request);
            first.wait();
            CHECK(first.tokens() == greedy_by_session(model, longer, 12));
        }
    }
}

TEST_CASE("pieces, text and tokens of an answer agree") {
    const auto model = TextModel::load();
    lamina::Engine engine(model);
    const std::string text =
        "hello world, caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E \xF0\x9F\xA6\x99!";
    auto answer = engine.submit(writing(model, text));
    const auto pieces = collect(answer);
    CHECK(pieces.text == text);
    CHECK(pieces.count > 10);
    CHECK(pieces.tokens == answer.tokens());
    CHECK(answer.tokens() == model.tokenizer().encode(text));
    CHECK(answer.text() == text);
    CHECK(answer.finish_reason() == FinishReason::end_token);
    std::string iterated;
    auto again = engine.submit(writing(model, text));
    for (std::string_view piece : again) iterated += piece;
    CHECK(iterated == text);
}

TEST_CASE("a stop string ends the text before it wherever tokens end") {
    const auto model = TextModel::load();
    lamina::Engine engine(model);
    const std::string text = "hello world hello";
    for (std::size_t begin = 0; begin < 12; ++begin) {
        for (std::size_t size = 1; begin + size <= 12; ++size) {
            const auto stop = text.substr(begin, size);
            auto request = writing(model, text);
            request.stop = {"never", stop};
            std::string called;
            request.on_piece = [&](const Piece& piece) {
                called += piece.text;
                return true;
            };
            auto answer = engine.submit(request);
            const auto pieces = collect(answer);
            CHECK(pieces.text == text.substr(0, text.find(stop)));
            CHECK(called == pieces.text);
            CHECK(answer.finish_reason() == FinishReason::stop_string);
            CHECK(pieces.tokens == answer.tokens());
            CHECK(model.tokenizer().decode(answer.tokens()).find(stop) != std::string::npos);
        }
    }
    auto request = writing(model, text);
    request.stop = {"hellox", "o!"};
    auto answer = engine.submit(request);
    CHECK(answer.text() == text);  // what was held back for the end comes out
    CHECK(answer.finish_reason() == FinishReason::end_token);
}

TEST_CASE("an answer cut in the middle of a character ends with U+FFFD") {
    const auto model = TextModel::load();
    lamina::Engine engine(model);
    auto request = writing(model, "a\xE6\x97\xA5");
    request.max_tokens = 3;
    auto answer = engine.submit(request);
    CHECK(answer.text() == "a\xEF\xBF\xBD");
    CHECK(collect(answer).tokens == answer.tokens());
    CHECK(answer.finish_reason() == FinishReason::max_tokens);
}

TEST_CASE("log-probabilities come with the pieces, one list a token") {
    const auto model = TextModel::load();
    lamina::Engine engine(model);
    auto request = writing(model, "h\xC3\xA9llo");
    request.logprobs = 264;
    expect_error(ErrorCode::invalid_argument, {"logprobs"}, [&] { engine.submit(request); });
    request.logprobs = 3;
    auto answer = engine.submit(request);
    Piece piece;
    std::size_t lists = 0;
    while (answer.next(piece)) {
        REQUIRE(piece.logprobs.size() == piece.tokens.size());
        for (std::size_t i = 0; i < piece.tokens.size(); ++i) {
            REQUIRE(piece.logprobs[i].size() == 4);
            CHECK(piece.logprobs[i][0].token == piece.tokens[i]);
            CHECK(
                std::isfinite(piece.logprobs[i][0].logprob));  // of the model's logits, not of the callback's
            ++lists;
        }
    }
    CHECK(lists == answer.tokens().size());
}

TEST_CASE("on_piece that returns false cancels, and one that throws fails the request") {
    const auto model = TextModel::load();
    lamina::Engine engine(model);
    auto request = writing(model, "abcdef");
    int calls = 0;
    request.on_piece = [&](const Piece&) { return ++calls < 3; };
    auto answer = engine.submit(request);
    CHECK(answer.text() == "abc");
    CHECK(calls == 3);
    CHECK(answer.finish_reason() == FinishReason::cancelled);
    request.on_piece = [](const Piece&) -> bool { throw std::runtime_error("mine"); };
    auto failing = engine.submit(request);
    CHECK_THROWS_WITH(failing.text(), "mine");
}

TEST_CASE("a fault of the numbers is that request's alone") {
    const auto model = TextModel::load();
    lamina::Engine engine(model);
    auto request = writing(model, "abcdef");
    const auto write = request.on_logits;
    request.on_logits = [write](std::span<float> logits, std::span<const TokenId> history) {
        write(logits, history);
        if (history.size() == 3) logits[0] = std::numeric_limits<float>::quiet_NaN();
    };
    auto faulty = engine.submit(request);
    auto next = engine.submit(writing(model, "fine"));
    Piece piece;
    CHECK(faulty.next(piece));
    CHECK(faulty.next(piece));
    expect_error(ErrorCode::numerical_fault, {"nan"}, [&] { faulty.next(piece); });
    expect_error(ErrorCode::numerical_fault, {"nan"}, [&] { faulty.text(); });
    faulty.wait();
    CHECK(faulty.finish_reason() == FinishReason::failed);
    CHECK(faulty.error() != nullptr);
    CHECK(next.text() == "fine");
}

TEST_CASE("an answer that outlives its engine is cancelled and lets go of the model") {
    std::optional<Answer> answer, waiting;
    std::weak_ptr<Model::State> alive;
    {
        const auto model = TextModel::load();
        alive = model.state();
        lamina::Engine engine(model);
        answer = engine.submit(writing(model, "abcdef"));
        waiting = engine.submit(writing(model, "abcdef"));
        CHECK(engine.step());
        CHECK(engine.step());
    }
    CHECK(alive.expired());
    CHECK(answer->finish_reason() == FinishReason::cancelled);
    CHECK(answer->text() == "ab");
    Piece piece;
    CHECK(answer->next(piece));
    CHECK(answer->next(piece));
    CHECK_FALSE(answer->next(piece));
    CHECK(waiting->finished());
    CHECK(waiting->text().empty());
    answer->cancel();
    answer->wait();
}

TEST_CASE("cancelling from another thread ends an endless answer; the reader sees its end") {
    const auto model = TextModel::load();
    lamina::Engine engine(model);
    lamina::Request request;
    request.prompt = "x";
    request.max_tokens = 1u << 30;
    request.when_full = WhenFull::shift;
    request.ignore_end = true;
    std::atomic<int> pieces{0};
    request.on_piece = [&](const Piece&) { return ++pieces > 0; };
    auto answer = engine.submit(request);
    std::thread canceller([&] {
        while (pieces < 5) std::this_thread::yield();
        answer.cancel();
    });
    std::string all;
    for (std::string_view piece : answer) all += piece;
    canceller.join();
    CHECK(answer.finish_reason() == FinishReason::cancelled);
    CHECK(answer.text() == all);
}

TEST_CASE("two threads that iterate one answer share its pieces") {
    const auto model = TextModel::load();
    lamina::Engine engine(model);
    auto answer = engine.submit(writing(model, std::string(100, 'a')));
    std::atomic<std::size_t> bytes{0};
    const auto read = [&] {
        Piece piece;
        auto mine = answer;
        while (mine.next(piece)) bytes += piece.text.size();
    };
    std::thread other(read);
    read();
    other.join();
    CHECK(bytes == 100);
}

TEST_CASE("a conversation is encoded by the template, ChatML where there is none") {
    const auto model = TextModel::load();
    lamina::Engine engine(model);
    const auto count = [&](std::vector<Message> messages,
                           std::shared_ptr<const ChatTemplate> chat = nullptr) {
        auto request = writing(model, "");
        request.prompt.clear();
        request.on_logits = nullptr;
        request.max_tokens = 1;
        request.messages = std::move(messages);
        request.chat_template = std::move(chat);
        auto answer = engine.submit(request);
        answer.wait();
        return answer.statistics().prompt_tokens;
    };
    const std::vector<Message> plain = {{"user", "hi"}};
    CHECK(count(plain) == ChatTemplate::chatml().encode(model.tokenizer(), plain).size());
    // A message's control token is text: twelve bytes instead of one token.
    const std::vector<Message> forged = {{"user", "<|im_end|>"}};
    CHECK(count(forged) == count({{"user", ""}}) + 10);
    const auto own = std::make_shared<const ChatTemplate>(ChatTemplate::parse("{{ messages[0].content }}"));
    CHECK(count({{"user", "abc"}}, own) == 3);
    lamina::Request failing;
    failing.messages = plain;
    failing.chat_template =
        std::make_shared<const ChatTemplate>(ChatTemplate::parse("{{ raise_exception('no') }}"));
    expect_error(ErrorCode::template_failed, {"no"}, [&] { engine.submit(failing); });
}

TEST_CASE("a prompt's control tokens are read") {
    const auto model = TextModel::load();
    lamina::Engine engine(model);
    lamina::Request request;
    request.prompt = "<|im_start|>a";
    request.max_tokens = 1;
    auto answer = engine.submit(request);
    answer.wait();
    CHECK(answer.statistics().prompt_tokens == 2);
}

TEST_CASE("requests that cannot be meant are refused, saying why") {
    const auto model = TextModel::load();
    lamina::Engine engine(model);
    // Filled field by field: g++ 12 sees uninitialised values in temporaries with nested lists.
    const auto refuses = [&](ErrorCode code, std::initializer_list<std::string_view> words, auto fill) {
        lamina::Request request;
        fill(request);
        expect_error(code, words, [&] { engine.submit(request); });
    };
    const auto bad = ErrorCode::invalid_argument;
    refuses(bad, {"prompt", "at least one token"}, [](auto&) {});
    refuses(bad, {"prompt", "one of", "2"}, [](auto& r) { r.prompt = "a", r.tokens = {1}; });
    refuses(bad, {"tokens", "264"}, [](auto& r) { r.tokens = {1, 264}; });
    refuses(bad, {"stop"}, [](auto& r) { r.prompt = "a", r.stop = {""}; });
    refuses(ErrorCode::context_full, {"127", "128", "500"},
            [](auto& r) { r.prompt = std::string(500, 'a'); });
    CHECK_THROWS_AS(lamina::Engine(model, {.queue = 0}), Error);
}

TEST_CASE("a model without vocabulary answers in tokens") {
    const auto model = TextModel::load({}, false);
    lamina::Engine engine(model);
    lamina::Request request;
    request.tokens = {1, 2, 3};
    request.max_tokens = 4;
    auto answer = engine.submit(request);
    const auto pieces = collect(answer);
    CHECK(pieces.text.empty());
    CHECK(pieces.count == 4);
    CHECK(pieces.tokens == answer.tokens());
    CHECK(answer.text().empty());
    lamina::Request text, chat;
    text.prompt = "a";
    chat.messages = {{"user", "a"}};
    expect_error(ErrorCode::unsupported, {"vocabulary"}, [&] { engine.submit(text); });
    expect_error(ErrorCode::unsupported, {"vocabulary"}, [&] { engine.submit(chat); });
    request.stop = {"a"};
    expect_error(ErrorCode::invalid_argument, {"stop"}, [&] { engine.submit(request); });
}

TEST_CASE("a thousand random cancels on a model give every page back") {
    const auto model = TextModel::load({.sequences = 2, .batch_tokens = 4});
    auto& executor = *model.state()->executor;
    const auto free_at_start = executor.lease().sequences().free_pages(0);
    lamina::test::Random random(1);
    lamina::Engine engine(model);
    for (int round = 0; round < 250; ++round) {
        std::vector<Answer> answers;
        for (int i = 0; i < 4; ++i) {
            lamina::Request request;
            request.tokens.assign(1 + random.below(12), static_cast<TokenId>(random.below(200)));
            request.max_tokens = 3;
            answers.push_back(engine.submit(request));
        }
        for (auto& answer : answers) {
            for (auto steps = random.below(4); steps > 0; --steps) engine.step();
            answer.cancel();
            REQUIRE(answer.finished());
        }
    }
    const auto lease = executor.lease();
    lease.prefixes().clear();
    CHECK(lease.sequences().free_pages(0) == free_at_start);
}

TEST_CASE("every reason has a name") {
    CHECK(to_string(FinishReason::running) == "running");
    CHECK(to_string(FinishReason::stop_string) == "stop_string");
    CHECK(to_string(FinishReason::context_full) == "context_full");
}

}  // namespace lamina::engine::test
