// A model for the engine's tests: real page tables, and logits that depend on every token of the sequence, so
// that any token lost, doubled or taken from another sequence shows in what follows.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <vector>

#include "engine/engine.hpp"
#include "lamina/error.hpp"
#include "support/random.hpp"

namespace lamina::engine::test {

struct FakeOptions {
    std::uint32_t vocabulary = 50, context = 128, max_rows = 16, max_outputs = 4, sequences = 1, window = 0;
    std::uint32_t pages = 0;  // of the cache; 0: as many as all sequences can need
};

// The model, and what a test looks at.
class FakeModel final : public exec::Forward {
  public:
    explicit FakeModel(FakeOptions o)
        : Forward({.vocabulary = o.vocabulary, .max_rows = o.max_rows, .max_outputs = o.max_outputs},
                  geometry(o), o.sequences, o.context),
          options(o),
          free_at_start(lease().sequences().free_pages(0)) {}

    static std::vector<backend::CacheGeometry> geometry(const FakeOptions& o) {
        backend::CacheGeometry group;
        group.window = o.window;
        group.pages = o.pages > 0 ? o.pages : (o.context / backend::page_tokens + 2) * o.sequences;
        return {group};
    }

    // The logits after these tokens.
    static std::vector<float> logits_after(std::span<const TokenId> tokens, std::uint32_t vocabulary) {
        std::uint64_t hash = 1469598103934665603u;
        for (const TokenId token : tokens) hash = (hash ^ static_cast<std::uint64_t>(token)) * 1099511628211u;
        return lamina::test::Random(hash).normals(vocabulary, 2.0f);
    }

    bool all_pages_free() { return lease().sequences().free_pages(0) == free_at_start; }
    std::size_t parked() { return lease().prefixes().size(); }

    const FakeOptions options;
    const std::uint32_t free_at_start;
    // A sequence is known by its page table, which stays where it is.
    using Sequence = const std::int32_t*;
    std::map<Sequence, std::vector<TokenId>> memory;  // the tokens in each sequence's cache
    std::map<Sequence, std::vector<bool>> prefill;    // of each token that was computed, in order
    std::uint64_t steps = 0, rows = 0;
    // Runs in each step, with its number from 0; may throw.
    std::function<void(std::uint64_t step)> on_step;
    // Changes the logits of a sequence.
    std::function<void(std::span<const TokenId> tokens, std::span<float> logits)> on_row;

  private:
    std::span<const float> run(const backend::Step& step) override {
        if (on_step) on_step(steps);
        ++steps;
        require(!step.sequences.empty() && step.tokens.size() <= options.max_rows);
        require(step.outputs.size() <= options.max_outputs);
        logits_.clear();
        std::size_t row = 0;
        for (const auto& rows : step.sequences) {
            require(rows.first_row == row && rows.rows > 0);
            append(step, rows);
            row += rows.rows;
        }
        require(row == step.tokens.size());
        rows += row;
        return logits_;
    }
    // No Catch assertions here: steps run in any thread.
    static void require(bool good) {
        if (!good) throw std::logic_error("a step that breaks the executor's rules");
    }
    void append(const backend::Step& step, const backend::SequenceRows& rows) {
        require(rows.first_position + rows.rows <= options.context);
        const auto pages = rows.pages[0];
        require(pages.size() == div_up(rows.first_position + rows.rows, backend::page_tokens));
        auto& tokens = memory[pages.data()];
        auto& classes = prefill[pages.data()];
        require(rows.prefill || rows.rows == 1);
        classes.insert(classes.end(), rows.rows, rows.prefill);
        require(tokens.size() >= rows.first_position);
        tokens.resize(rows.first_position);
        for (std::uint32_t r = rows.first_row; r < rows.first_row + rows.rows; ++r) {
            tokens.push_back(step.tokens[r]);
            require(step.positions[r] + 1 == tokens.size());
            if (!std::binary_search(step.outputs.begin(), step.outputs.end(), r)) continue;
            auto row = logits_after(tokens, options.vocabulary);
            if (on_row) on_row(tokens, row);
            logits_.insert(logits_.end(), row.begin(), row.end());
        }
    }

    std::vector<float> logits_;
};

struct Fixture {
    explicit Fixture(FakeOptions options = {}, std::uint32_t queue = 64, std::uint32_t active = 1)
        : model(std::make_shared<FakeModel>(options)),
          engine(std::make_unique<Engine>(model, queue, active)) {}

    void run(Task& task) {
        engine->wait([&] { return task.finished(); });
    }
    std::vector<TokenId> answer(Request request) {
        const auto task = engine->submit(std::move(request));
        run(*task);
        if (task->error()) std::rethrow_exception(task->error());
        return task->tokens();
    }
    // All pages are free once what is parked has been let go of.
    bool conserves_pages() {
        model->lease().prefixes().clear();
        return model->all_pages_free();
    }

    std::shared_ptr<FakeModel> model;
    std::unique_ptr<Engine> engine;
};

inline std::vector<TokenId> random_tokens(std::uint64_t seed, std::size_t count,
                                          std::uint32_t vocabulary = 50) {
    lamina::test::Random random(seed);
    std::vector<TokenId> out(count);
    for (auto& token : out) token = static_cast<TokenId>(random.below(vocabulary));
    return out;
}

inline Request greedy(std::vector<TokenId> prompt, std::uint32_t max_tokens) {
    Request request;
    request.prompt = std::move(prompt);
    request.max_tokens = max_tokens;
    request.sampling = SamplingParams::greedy();
    return request;
}

// What greedy decoding of the fake model gives, computed plainly.
inline std::vector<TokenId> expected_greedy(std::vector<TokenId> tokens, std::size_t count,
                                            std::uint32_t vocabulary = 50) {
    const std::size_t prompt = tokens.size();
    while (tokens.size() < prompt + count) {
        const auto logits = FakeModel::logits_after(tokens, vocabulary);
        tokens.push_back(
            static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    }
    return {tokens.begin() + static_cast<std::ptrdiff_t>(prompt), tokens.end()};
}

}  // namespace lamina::engine::test
