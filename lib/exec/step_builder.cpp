#include "exec/step_builder.hpp"

#include <algorithm>
#include <utility>

#include "base/errors.hpp"

namespace lamina::exec {

void check_tokens(std::span<const std::int32_t> tokens, std::uint32_t vocabulary, const Caller& caller,
                  std::size_t index) {
    const auto bad = [&](std::string_view expected, std::string_view found) {
        Errors{caller.area}.refuse(caller.subject(index, "tokens"), expected, found);
    };
    if (tokens.empty()) bad("at least one token", "none");
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i] >= 0 && static_cast<std::uint32_t>(tokens[i]) < vocabulary) continue;
        bad("ids 0.." + std::to_string(std::int64_t{vocabulary} - 1),
            std::to_string(tokens[i]) + " at " + std::to_string(i));
    }
}

StepBuilder::StepBuilder(const Limits& limits, std::size_t cache_groups, std::uint32_t max_sequences,
                         cache::Sequences& sequences)
    : limits_(limits), sequences_(sequences), named_(max_sequences) {
    tokens_.reserve(limits.max_rows);
    positions_.reserve(limits.max_rows);
    outputs_.reserve(limits.max_outputs);
    rows_.resize(std::min(limits.max_rows, max_sequences));
    for (auto& rows : rows_) rows.pages.resize(cache_groups);
    ids_.reserve(rows_.size());
}

void StepBuilder::check(std::span<const Work> works, const Caller& caller) {
    ++check_;
    const Errors errors{caller.area};
    for (std::size_t i = 0; i < works.size(); ++i) {
        const Work& work = works[i];
        if (!sequences_.is_open(work.sequence)) {
            errors.refuse(caller.subject(i, "sequence"), "a sequence that is open",
                          std::to_string(work.sequence));
        }
        if (std::exchange(named_[work.sequence], check_) == check_) {
            errors.refuse(caller.subject(i, "sequence"), "each sequence once",
                          std::to_string(work.sequence) + " twice");
        }
        check_tokens(work.tokens, limits_.vocabulary, caller, i);
        const auto length = std::uint64_t{sequences_.length(work.sequence)} + work.tokens.size();
        if (length > sequences_.context()) {
            errors.fail(ErrorCode::context_full, caller.subject(i, "tokens"),
                        "at most " + std::to_string(sequences_.context()) + " tokens in sequence " +
                            std::to_string(work.sequence),
                        std::to_string(length));
        }
    }
}

void StepBuilder::begin() {
    abandon();
    tokens_.clear();
    positions_.clear();
    outputs_.clear();
}

// As many tokens as the rows and logit rows that are left allow.
Part StepBuilder::fit(const Work& work) const {
    const std::size_t rows_left = limits_.max_rows - tokens_.size();
    const std::size_t outputs_left = limits_.max_outputs - outputs_.size();
    std::size_t size = std::min(rows_left, work.tokens.size());
    if (work.outputs == Outputs::all) size = std::min(size, outputs_left);
    if (work.outputs == Outputs::last && size == work.tokens.size() && size > 0 && outputs_left == 0) --size;
    Part part{.tokens = static_cast<std::uint32_t>(size),
              .first_row = static_cast<std::uint32_t>(tokens_.size()),
              .first_output = static_cast<std::uint32_t>(outputs_.size())};
    if (work.outputs == Outputs::all) part.outputs = part.tokens;
    if (work.outputs == Outputs::last && size == work.tokens.size() && size > 0) part.outputs = 1;
    return part;
}

Part StepBuilder::add(const Work& work) {
    const Part part = fit(work);
    if (part.tokens == 0) return part;
    sequences_.reserve(work.sequence, part.tokens);
    auto& rows = rows_[ids_.size()];
    ids_.push_back(work.sequence);
    rows.first_row = part.first_row;
    rows.rows = part.tokens;
    rows.first_position = sequences_.length(work.sequence);
    rows.prefill = work.row_class == RowClass::prefill || part.tokens > 1;
    for (std::size_t group = 0; group < rows.pages.size(); ++group)
        rows.pages[group] = sequences_.pages(work.sequence, group);
    for (std::uint32_t t = 0; t < part.tokens; ++t) {
        tokens_.push_back(work.tokens[t]);
        positions_.push_back(rows.first_position + t);
        if (t >= part.tokens - part.outputs) outputs_.push_back(part.first_row + t);
    }
    return part;
}

backend::Step StepBuilder::step(bool hidden_only) const {
    return {tokens_, positions_, std::span(rows_).first(ids_.size()), outputs_, hidden_only};
}

void StepBuilder::commit() {
    for (std::size_t i = 0; i < ids_.size(); ++i) sequences_.commit(ids_[i], rows_[i].rows);
    ids_.clear();
}

void StepBuilder::abandon() noexcept {
    for (const auto sequence : ids_) sequences_.truncate(sequence, sequences_.length(sequence));
    ids_.clear();
}

}  // namespace lamina::exec
