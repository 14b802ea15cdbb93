#include "lamina/embedding.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <string>
#include <utility>

#include "api/model_state.hpp"
#include "base/border.hpp"
#include "lamina/error.hpp"

namespace lamina {
namespace {

// A text on its way through the network: how much of it is done, and what it came to so far.
struct Passage {
    std::size_t text = 0;
    cache::SequenceId sequence = 0;
    std::size_t done = 0;        // tokens
    std::vector<double> pooled;  // [embedding]
};

class Embedder {
  public:
    Embedder(Model::State& model, std::span<const std::vector<TokenId>> texts, const EmbedOptions& options)
        : model_(model), texts_(texts), options_(options), out_(texts.size()) {}
    ~Embedder() {
        const std::lock_guard lock(model_.mutex);
        for (const auto& passage : passages_) model_.executor->sequences().close(passage.sequence);
    }
    Embedder(const Embedder&) = delete;
    Embedder& operator=(const Embedder&) = delete;

    std::vector<std::vector<float>> run() {
        check();
        while (next_ < texts_.size() || !passages_.empty()) {
            const std::lock_guard lock(model_.mutex);
            open();
            step();
        }
        return std::move(out_);
    }

  private:
    void check() const {
        const std::size_t context = model_.executor->sequences().context();
        const auto vocabulary = model_.executor->vocabulary();
        for (std::size_t i = 0; i < texts_.size(); ++i) {
            const auto subject = "texts[" + std::to_string(i) + "]";
            const auto refuse = [&](ErrorCode code, std::string expected, std::string found) {
                throw Error(code, ErrorDetails{.area = "embed",
                                               .subject = subject,
                                               .expected = std::move(expected),
                                               .found = std::move(found)});
            };
            if (texts_[i].empty()) refuse(ErrorCode::invalid_argument, "at least one token", "none");
            if (texts_[i].size() > context) {
                refuse(ErrorCode::context_full, "at most " + std::to_string(context) + " tokens",
                       std::to_string(texts_[i].size()));
            }
            for (const TokenId token : texts_[i]) {
                if (token < 0 || static_cast<std::uint32_t>(token) >= vocabulary) {
                    refuse(ErrorCode::invalid_argument, "ids 0.." + std::to_string(vocabulary - 1),
                           std::to_string(token));
                }
            }
        }
    }

    // Takes up texts while sequences are free and a step has room for them.
    void open() {
        std::size_t waiting = 0;
        for (const auto& passage : passages_) waiting += texts_[passage.text].size() - passage.done;
        while (next_ < texts_.size() && waiting < model_.executor->max_rows()) {
            passages_.reserve(passages_.size() + 1);
            Passage passage{.text = next_, .pooled = std::vector<double>(model_.executor->embedding())};
            try {
                passage.sequence = model_.prefixes->open();
            } catch (const Error& error) {
                if (error.code() != ErrorCode::out_of_memory || passages_.empty()) throw;
                return;  // what is under way gives its sequences back
            }
            waiting += texts_[next_++].size();
            passages_.push_back(std::move(passage));
        }
    }

    void step() {
        std::size_t rows = model_.executor->max_rows();
        batch_.clear();
        for (const auto& passage : passages_) {
            const auto left = std::span(texts_[passage.text]).subspan(passage.done);
            const std::size_t size = std::min(rows, left.size());
            if (size == 0) break;
            batch_.push_back({passage.sequence, left.first(size), static_cast<std::uint32_t>(size), true});
            rows -= size;
        }
        const auto hidden = model_.executor->forward_hidden(batch_);
        const float* row = hidden.data();
        for (std::size_t i = 0; i < batch_.size(); ++i) {
            for (std::size_t t = 0; t < batch_[i].tokens.size(); ++t, row += model_.executor->embedding())
                pool(passages_[i], row);
        }
        finish();
    }

    void pool(Passage& passage, const float* row) {
        const bool last = ++passage.done == texts_[passage.text].size();
        if (options_.pooling == Pooling::last && !last) return;
        for (std::size_t i = 0; i < passage.pooled.size(); ++i)
            passage.pooled[i] += static_cast<double>(row[i]);
    }

    void finish() {
        for (auto passage = passages_.begin(); passage != passages_.end();) {
            if (passage->done < texts_[passage->text].size()) {
                ++passage;
                continue;
            }
            out_[passage->text] = scaled(*passage);
            model_.executor->sequences().close(passage->sequence);
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

    Model::State& model_;
    std::span<const std::vector<TokenId>> texts_;
    EmbedOptions options_;
    std::size_t next_ = 0;  // the first text that has not been taken up
    std::vector<Passage> passages_;
    std::vector<exec::Item> batch_;
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
