// A model for the engine's tests: real page tables, and logits that depend on every token of the sequence, so
// that any token lost, doubled or taken from another sequence shows in what follows.
#pragma once

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
    std::uint32_t vocabulary = 50, context = 128, max_rows = 16, max_wanted = 4, sequences = 1, window = 0;
};

// What outlives the engine, for the test to look at.
struct FakeModel {
    explicit FakeModel(FakeOptions o)
        : options(o), sequences(geometry(o), o.sequences, o.context), prefixes(sequences) {
        free_at_start = sequences.free_pages(0);
    }

    static std::vector<backend::CacheGeometry> geometry(const FakeOptions& o) {
        backend::CacheGeometry group;
        group.window = o.window;
        group.pages = (o.context / backend::page_tokens + 2) * o.sequences;
        return {group};
    }

    // The logits after these tokens.
    static std::vector<float> logits_after(std::span<const TokenId> tokens, std::uint32_t vocabulary) {
        std::uint64_t hash = 1469598103934665603u;
        for (const TokenId token : tokens) hash = (hash ^ static_cast<std::uint64_t>(token)) * 1099511628211u;
        return lamina::test::Random(hash).normals(vocabulary, 2.0f);
    }

    bool all_pages_free() const { return sequences.free_pages(0) == free_at_start; }

    FakeOptions options;
    std::mutex mutex;
    cache::Sequences sequences;
    cache::PrefixCache prefixes;
    std::uint32_t free_at_start = 0;
    std::map<cache::SequenceId, std::vector<TokenId>> memory;  // the tokens in each sequence's cache
    std::map<cache::SequenceId, std::vector<bool>> prefill;    // of each token that was computed, in order
    std::vector<float> logits;
    std::uint64_t steps = 0, rows = 0;
    // Runs in each step, with its number from 0; may throw.
    std::function<void(std::uint64_t step)> on_step;
    // Changes the logits of a sequence.
    std::function<void(std::span<const TokenId> tokens, std::span<float> logits)> on_row;
};

class FakeForward final : public Forward {
  public:
    explicit FakeForward(std::shared_ptr<FakeModel> model) : m_(std::move(model)) {}

    std::uint32_t vocabulary() const override { return m_->options.vocabulary; }
    std::uint32_t context() const override { return m_->options.context; }
    std::uint32_t max_rows() const override { return m_->options.max_rows; }
    std::uint32_t max_wanted() const override { return m_->options.max_wanted; }
    std::mutex& mutex() override { return m_->mutex; }
    cache::Sequences& sequences() override { return m_->sequences; }
    cache::PrefixCache& prefixes() override { return m_->prefixes; }

    std::span<const float> forward(exec::Batch batch) override {
        if (m_->on_step) m_->on_step(m_->steps);
        ++m_->steps;
        m_->logits.clear();
        std::size_t rows = 0, wanted = 0;
        for (const auto& item : batch) {
            require(!(item.tokens.empty()));
            rows += item.tokens.size();
            wanted += item.tokens.size() - item.first_wanted;
            append(item);
        }
        m_->rows += rows;
        require(rows <= m_->options.max_rows);
        require(wanted <= m_->options.max_wanted);
        return m_->logits;
    }

  private:
    // No Catch assertions here: steps run in any thread.
    static void require(bool good) {
        if (!good) throw std::logic_error("a step that breaks the executor's rules");
    }
    void append(const exec::Item& item) {
        const auto size = static_cast<std::uint32_t>(item.tokens.size());
        require(m_->sequences.length(item.sequence) + size <= m_->options.context);
        m_->sequences.reserve(item.sequence, size);
        auto& tokens = m_->memory[item.sequence];
        auto& prefill = m_->prefill[item.sequence];
        require(item.prefill || item.tokens.size() == 1);
        prefill.insert(prefill.end(), item.tokens.size(), item.prefill);
        require(tokens.size() >= m_->sequences.length(item.sequence));
        tokens.resize(m_->sequences.length(item.sequence));
        for (std::size_t t = 0; t < item.tokens.size(); ++t) {
            tokens.push_back(item.tokens[t]);
            if (t < item.first_wanted) continue;
            auto row = FakeModel::logits_after(tokens, m_->options.vocabulary);
            if (m_->on_row) m_->on_row(tokens, row);
            m_->logits.insert(m_->logits.end(), row.begin(), row.end());
        }
        m_->sequences.commit(item.sequence, size);
    }

    std::shared_ptr<FakeModel> m_;
};

struct Fixture {
    explicit Fixture(FakeOptions options = {}, std::uint32_t queue = 64, std::uint32_t active = 1)
        : model(std::make_shared<FakeModel>(options)),
          engine(std::make_unique<Engine>(std::make_unique<FakeForward>(model), queue, active)) {}

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
        model->prefixes.clear();
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
