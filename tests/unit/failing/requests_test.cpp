// Memory runs out, or numbers do, while requests are answered: the request that meets it ends, others go on.
#include <algorithm>
#include <limits>

#include "failing_model.hpp"
#include "support/fault_sweep.hpp"
#include "unit/engine/fake_forward.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

constexpr std::size_t count = 3;

// Prompts as text, messages and ids; sampling with everything on.
Request request(std::size_t which) {
    Request out;
    if (which == 0) out.prompt = "hello world";
    if (which == 1) out.messages = {{"user", "hell"}};
    if (which == 2) out.tokens = {1, 2, 3, 262, 5, 6, 7, 8};
    out.max_tokens = 8;
    out.sampling.seed = which;
    out.sampling.frequency_penalty = 0.5f;
    out.sampling.logit_bias = {{3, 1.0f}};
    out.stop = {"a rather long string to stop at"};
    out.logprobs = 2;
    return out;
}

struct Outcome {
    bool accepted = false;
    FinishReason reason = FinishReason::running;
    std::exception_ptr failure;
    std::string text;
};

// Submits all, answers them in order, and lets the engine go. The fault is armed for all but the test's own
// allocations.
std::vector<Outcome> answer_all(const Model& model, AllocationFault& fault, bool pieces) {
    std::vector<Request> requests;
    for (std::size_t i = 0; i < count; ++i) requests.push_back(request(i));
    std::vector<Outcome> out(count);
    std::vector<std::optional<Answer>> answers(count);
    fault.arm();
    Engine engine(model);
    for (std::size_t i = 0; i < count; ++i) {
        try {
            answers[i].emplace(engine.submit(std::move(requests[i])));
            out[i].accepted = true;
        } catch (...) { out[i].failure = std::current_exception(); }
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (!out[i].accepted) continue;
        if (pieces) {  // a next() that failed is made again
            Piece piece;
            for (bool more = true; more && !out[i].failure;) {
                try {
                    more = answers[i]->next(piece);
                    fault.disarm();
                    out[i].text += more ? piece.text : "";
                    fault.arm();
                } catch (...) {
                    if (answers[i]->error()) out[i].failure = std::current_exception();
                    fault.disarm();
                }
            }
        } else {
            answers[i]->wait();  // does not throw
        }
        out[i].reason = answers[i]->finish_reason();
        out[i].failure = answers[i]->error();
    }
    fault.disarm();
    for (std::size_t i = 0; i < count; ++i) {
        if (!pieces && out[i].accepted && !out[i].failure) out[i].text = answers[i]->text();
    }
    return out;
}

void check(const std::vector<Outcome>& got, const std::vector<Outcome>& expected, bool lasting, Seen& seen) {
    for (std::size_t i = 0; i < count; ++i) {
        if (got[i].failure) {
            seen.failure(got[i].failure, "", lasting);
            if (got[i].accepted) seen.require(got[i].reason == FinishReason::failed, "failed, and is not");
        } else {
            seen.require(got[i].reason == FinishReason::max_tokens, "not at its end");
            seen.require(got[i].text == expected[i].text, "another text");
        }
    }
}

void sweep(const Model& model, bool pieces) {
    const auto plainly = [&] {
        AllocationFault none(~std::uint64_t{0}, false);
        return answer_all(model, none, pieces);
    };
    const auto expected = plainly();
    for (const auto& outcome : expected) REQUIRE(outcome.reason == FinishReason::max_tokens);
    // All of the cpu backend's are fewer; the reference backend makes the same ones in each op of each step.
    const auto every = std::min<std::uint64_t>(every_allocation, 450);
    for (const bool lasting : {false, true}) {
        std::uint64_t failures = 0, k = 1;
        for (bool more = true; more; k = next_allocation(k, every)) {
            REQUIRE(conserves_pages(model));
            Seen seen;
            const auto before = live_allocations();
            {
                AllocationFault fault(k, lasting);
                try {
                    check(answer_all(model, fault, pieces), expected, lasting, seen);
                } catch (...) {  // the engine could not be made
                    fault.disarm();
                    seen.failure(std::current_exception(), "", lasting);
                }
                more = fault.happened();
            }
            model.state()->executor->lease().prefixes().clear();
            const auto after = live_allocations();
            CAPTURE(k, lasting, pieces);
            REQUIRE(seen.problem() == std::string());
            REQUIRE(after == before);
            if (!lasting) REQUIRE(seen.failures <= 1);  // the others went on
            failures += static_cast<std::uint64_t>(seen.failures);
        }
        CHECK(failures > count);
        const auto again = plainly();
        for (std::size_t i = 0; i < count; ++i) CHECK(again[i].text == expected[i].text);
        if (std::getenv("LAMINA_TEST_SHOW") != nullptr)
            WARN((lasting ? "lasting: " : "single: ") << failures << " failures up to allocation " << k);
    }
}

}  // namespace

TEST_CASE("failing machine: any allocation fails while requests are taken and answered") {
    const FailingModel file;
    for (const auto& backend : backends) {
        CAPTURE(backend);
        const auto model = Model::load(file.path, FailingModel::options(backend));
        SECTION("wait, " + backend) { sweep(model, false); }
        SECTION("next, " + backend) { sweep(model, true); }
    }
}

TEST_CASE("failing machine: an engine is destroyed without any memory left") {
    const FailingModel file;
    const auto model = Model::load(file.path, FailingModel::options("cpu"));
    for (int steps = 0; steps < 4; ++steps) {
        std::vector<Answer> answers;
        {
            Engine engine(model);
            for (std::size_t i = 0; i < count; ++i) answers.push_back(engine.submit(request(i)));
            for (int step = 0; step < steps; ++step) engine.step();
            AllocationFault fault(1, true);
            fault.arm();
            answers[1].cancel();
            { const Engine gone = std::move(engine); }
            fault.disarm();
        }
        for (const auto& answer : answers) {
            // Text that was held back and could not be released is a failure.
            Seen seen;
            if (answer.error()) seen.failure(answer.error(), "", true);
            CHECK(seen.problem() == std::string());
            CHECK((seen.failures == 1 || answer.finish_reason() == FinishReason::cancelled));
        }
        CHECK(conserves_pages(model));
    }
}

TEST_CASE("failing machine: of a batch only the request that runs out of memory ends") {
    namespace core = engine::test;
    core::FakeOptions options;
    options.sequences = 3;
    core::Fixture f(options, 64, 3);
    std::vector<std::shared_ptr<engine::Task>> tasks;
    for (std::uint64_t i = 0; i < 5; ++i) {
        auto request = core::greedy(core::random_tokens(i, 20), 10);
        if (i == 1) {
            request.on_logits = [](auto, std::span<const TokenId> history) {
                if (history.size() == 23) throw std::bad_alloc();
            };
        }
        tasks.push_back(f.engine->submit(std::move(request)));
    }
    for (const auto& task : tasks) f.run(*task);
    for (std::uint64_t i = 0; i < tasks.size(); ++i) {
        CAPTURE(i);
        const auto whole = core::expected_greedy(core::random_tokens(i, 20), 10);
        if (i != 1) {
            CHECK(tasks[i]->tokens() == whole);
            continue;
        }
        Seen seen;
        REQUIRE(tasks[i]->reason() == FinishReason::failed);
        seen.failure(tasks[i]->error(), "", false);
        CHECK(seen.problem() == std::string());
        CHECK(tasks[i]->tokens() == std::vector(whole.begin(), whole.begin() + 3));
    }
    CHECK(f.conserves_pages());
}

TEST_CASE("failing machine: logits that are not finite end their request alone, and nothing of it is kept") {
    // Whoever says "Q" reads an embedding that is no number. It is no output row, so that others never see
    // it.
    TinyShape shape;
    shape.tied = false;
    shape.vocabulary = 264;
    shape.type = DType::f32;
    TinyModel tiny(shape);
    engine::test::TextModel::add_vocabulary(tiny.writer);
    std::vector<float> embedding = Random(9).normals(std::size_t{264} * 64, 0.1f);
    tiny.writer.remove_tensor("token_embd.weight");
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        embedding['Q' * 64 + 5] = bad;
        auto writer = tiny.writer;
        writer.tensor("token_embd.weight", DType::f32, {264, 64}, embedding);
        const TemporaryDirectory directory;
        const auto path = directory / "model.gguf";
        writer.write(path);
        for (const auto& backend : backends) {
            CAPTURE(backend, bad);
            auto options = FailingModel::options(backend);
            const auto model = Model::load(path, options);
            Engine engine(model);
            const auto ask = [&](std::vector<TokenId> tokens) {
                Request out;
                out.tokens = std::move(tokens);
                out.max_tokens = 6;
                out.sampling = SamplingParams::greedy();
                return engine.submit(out);
            };
            const auto good = ask({'h', 'e', 'l', 'l', 'o'}).text();
            auto before = ask({'h', 'e', 'l', 'l', 'o'});
            auto faulty = ask({'h', 'e', 'l', 'l', 'Q', 'o'});
            auto again = ask({'h', 'e', 'l', 'l', 'Q', 'o'});
            auto after = ask({'h', 'e', 'l', 'l', 'o'});
            CHECK(after.text() == good);
            CHECK(before.text() == good);
            CHECK(again.statistics().cached_tokens < 5);  // the fault's own token is computed again
            for (auto* answer : {&faulty, &again}) {
                REQUIRE(answer->finish_reason() == FinishReason::failed);
                try {
                    std::rethrow_exception(answer->error());
                } catch (const Error& error) { CHECK(error.code() == ErrorCode::numerical_fault); }
            }
        }
    }
}
