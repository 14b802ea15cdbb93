#include "lamina/embedding.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "api/model_state.hpp"
#include "base/border.hpp"
#include "base/errors.hpp"

namespace lamina {
namespace {

// A text on its way through the network: how much of it is done, and what it came to so far.
struct Passage {
    std::size_t text = 0;
    SequenceId sequence = 0;
    std::size_t done = 0;        // tokens
    std::vector<double> pooled;  // [hidden_size]
};

std::string subject(std::size_t index, std::string_view) { return "texts[" + std::to_string(index) + "]"; }

class Embedder {
  public:
    Embedder(Model::State& model, std::span<const std::vector<TokenId>> texts, const EmbedOptions& options)
        : executor_(*model.executor), texts_(texts), options_(options), out_(texts.size()) {}
    ~Embedder() {
        const auto lease = executor_.lease();
        for (const auto& passage : passages_) lease.sequences().close(passage.sequence);
    }
    Embedder(const Embedder&) = delete;
    Embedder& operator=(const Embedder&) = delete;

    std::vector<std::vector<float>> run() {
        check();
        while (next_ < texts_.size() || !passages_.empty()) {
            const auto lease = executor_.lease();
            open(lease);
            step(lease);
        }
        return std::move(out_);
    }

  private:
    void check() const {
        const std::size_t context = executor_.context();
        for (std::size_t i = 0; i < texts_.size(); ++i) {
            if (texts_[i].size() > context) {
                Errors{"embed"}.fail(ErrorCode::context_full, subject(i, {}),
                                     "at most " + std::to_string(context) + " tokens",
                                     std::to_string(texts_[i].size()));
            }
            exec::check_tokens(texts_[i], executor_.limits().vocabulary, {"embed", subject}, i);
        }
    }

    // Takes up texts while sequences are free and a step has room for them.
    void open(const exec::Lease& lease) {
        std::size_t waiting = 0;
        for (const auto& passage : passages_) waiting += texts_[passage.text].size() - passage.done;
        while (next_ < texts_.size() && waiting < executor_.limits().max_rows) {
            passages_.reserve(passages_.size() + 1);
            Passage passage{.text = next_, .pooled = std::vector<double>(executor_.limits().hidden_size)};
            try {
                passage.sequence = lease.prefixes().open();
            } catch (const Error& error) {
                if (error.code() != ErrorCode::out_of_memory || passages_.empty()) throw;
                return;  // what is under way gives its sequences back
            }
            waiting += texts_[next_++].size();
            passages_.push_back(std::move(passage));
        }
    }

    void step(const exec::Lease& lease) {
        auto& step = lease.begin_step();
        parts_.clear();
        for (const auto& passage : passages_) {
            const auto left = std::span(texts_[passage.text]).subspan(passage.done);
            parts_.push_back(
                step.add({passage.sequence, left, exec::Outputs::none, exec::RowClass::prefill}));
        }
        const float* row = lease.hidden().data();
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            for (std::uint32_t t = 0; t < parts_[i].tokens; ++t, row += executor_.limits().hidden_size)
                pool(passages_[i], row);
        }
        finish(lease.sequences());
    }

    void pool(Passage& passage, const float* row) {
        const bool last = ++passage.done == texts_[passage.text].size();
        if (options_.pooling == Pooling::last && !last) return;
        for (std::size_t i = 0; i < passage.pooled.size(); ++i)
            passage.pooled[i] += static_cast<double>(row[i]);
    }

    void finish(cache::Sequences& sequences) {
        for (auto passage = passages_.begin(); passage != passages_.end();) {
            if (passage->done < texts_[passage->text].size()) {
                ++passage;
                continue;
            }
            out_[passage->text] = scaled(*passage);
            sequences.close(passage->sequence);
            passage = passages_.erase(passage);
        }
    }

    std::vector<float> scaled(const Passage& passage) const {
        double divisor = options_.pooling == Pooling::mean ? static_cast<double>(passage.done) : 1.0;
        if (options_.normalise) {
            double square = 0;
            for (const double x : passage.pooled) square += x * x;
            divisor = square > 0 ? std::sqrt(square) : 1.0;
        }
        std::vector<float> out;
        for (const double x : passage.pooled) out.push_back(static_cast<float>(x / divisor));
        return out;
    }

    exec::Executor& executor_;
    std::span<const std::vector<TokenId>> texts_;
    EmbedOptions options_;
    std::size_t next_ = 0;  // the first text that has not been taken up
    std::vector<Passage> passages_;
    std::vector<exec::Part> parts_;  // of the passages, in the step
    std::vector<std::vector<float>> out_;
};

}  // namespace

std::vector<std::vector<float>> embed(const Model& model, std::span<const std::vector<TokenId>> texts,
                                      const EmbedOptions& options) try {
    return Embedder(*model.state(), texts, options).run();
} catch (...) { rethrow_typed("embed"); }

std::vector<std::vector<float>> embed(const Model& model, std::span<const std::string> texts,
                                      const EmbedOptions& options) try {
    const auto tokenizer = model.tokenizer();
    std::vector<std::vector<TokenId>> tokens;
    for (const auto& text : texts) tokens.push_back(tokenizer.encode(text, {.special = true}));
    return embed(model, tokens, options);
} catch (...) { rethrow_typed("embed"); }

}  // namespace lamina
