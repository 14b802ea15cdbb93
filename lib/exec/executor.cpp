#include "exec/executor.hpp"

#include <algorithm>
#include <string>

#include "lamina/error.hpp"

namespace lamina::exec {
namespace {

using backend::WeightData;

// Reads each weight's bytes from the file and hands them to the device, releasing the file's pages as it
// goes.
std::vector<std::shared_ptr<const backend::Weight>> upload(const format::ModelFile& file,
                                                           const plan::Plan& plan, backend::Device& device,
                                                           const format::Progress& progress) {
    std::uint64_t total = 0, done = 0;
    for (const auto& w : plan.program.weights) total += w.stored_bytes();
    std::vector<std::shared_ptr<const backend::Weight>> out;
    for (std::size_t i = 0; i < plan.program.weights.size(); ++i) {
        const auto& info = plan.program.weights[i];
        const auto& from = plan.residency[i];
        const auto& tensor = *file.find(from.tensor);
        const auto first = row_bytes(info.type, from.first_element), size = info.stored_bytes();
        const auto& bytes = file.files[tensor.file].bytes;
        const auto offset = tensor.offset + first;
        bytes->populate(offset, size);
        out.push_back(device.upload(WeightData{info, tensor.bytes.subspan(first, size), bytes}));
        if (info.form != backend::Form::file || info.bytes > 0) bytes->release(offset, size);
        done += size;
        if (progress && !progress(done, total))
            throw Error(ErrorCode::cancelled, "load", "cancelled while loading " + file.path());
    }
    return out;
}

}  // namespace

Executor::Executor(const format::ModelFile& file, plan::Plan plan, const backend::DeviceOptions& options,
                   const format::Progress& progress)
    : plan_(std::move(plan)),
      device_(backend::find_backend(plan_.device.backend).open(plan_.device, options)),
      weights_(upload(file, plan_, *device_, progress)),
      sequences_(plan_.program.caches, plan_.workload.sequences, plan_.workload.context) {
    for (auto bytes : plan_.cache_bytes) caches_.push_back(device_->allocate(bytes));
    executable_ = device_->compile(plan_.program, weights_, caches_);
}

std::uint32_t Executor::vocabulary() const { return plan_.program.slots[plan_.program.logits].width; }

void Executor::check(Batch batch) const {
    const auto fail = [](ErrorCode code, std::string subject, std::string expected, std::string found) {
        throw Error(code, ErrorDetails{.area = "forward",
                                       .subject = std::move(subject),
                                       .expected = std::move(expected),
                                       .found = std::move(found)});
    };
    std::uint64_t rows = 0, wanted = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto& item = batch[i];
        if (!sequences_.is_open(item.sequence))
            fail(ErrorCode::invalid_argument, "sequence", "an open sequence", std::to_string(item.sequence));
        for (std::size_t j = 0; j < i; ++j) {
            if (batch[j].sequence == item.sequence)
                fail(ErrorCode::invalid_argument, "sequence", "each sequence once",
                     std::to_string(item.sequence) + " twice");
        }
        if (item.tokens.empty()) fail(ErrorCode::invalid_argument, "tokens", "at least one token", "none");
        for (auto token : item.tokens) {
            if (token < 0 || static_cast<std::uint32_t>(token) >= vocabulary()) {
                fail(ErrorCode::invalid_argument, "token", "0.." + std::to_string(vocabulary() - 1),
                     std::to_string(token));
            }
        }
        const auto length = sequences_.length(item.sequence) + item.tokens.size();
        if (length > sequences_.context()) {
            fail(ErrorCode::context_full, "tokens",
                 "at most " + std::to_string(sequences_.context()) + " in a sequence",
                 std::to_string(length));
        }
        rows += item.tokens.size();
        wanted += item.tokens.size() - std::min<std::size_t>(item.first_wanted, item.tokens.size());
    }
    if (rows > max_rows())
        fail(ErrorCode::invalid_argument, "rows", "at most " + std::to_string(max_rows()),
             std::to_string(rows));
    if (wanted > max_wanted())
        fail(ErrorCode::invalid_argument, "logit rows", "at most " + std::to_string(max_wanted()),
             std::to_string(wanted));
}

// Reserves pages for the batch and writes down which rows go where.
void Executor::form(Batch batch) {
    for (const auto& item : batch)
        sequences_.reserve(item.sequence, static_cast<std::uint32_t>(item.tokens.size()));
    tokens_.clear(), positions_.clear(), wanted_.clear();
    rows_.resize(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto& item = batch[i];
        auto& rows = rows_[i];
        rows.first_row = static_cast<std::uint32_t>(tokens_.size());
        rows.rows = static_cast<std::uint32_t>(item.tokens.size());
        rows.prefill = item.prefill || rows.rows > 1;
        rows.first_position = sequences_.length(item.sequence);
        rows.pages.resize(plan_.program.caches.size());
        for (std::size_t g = 0; g < rows.pages.size(); ++g)
            rows.pages[g] = sequences_.pages(item.sequence, g);
        for (std::uint32_t t = 0; t < rows.rows; ++t) {
            tokens_.push_back(item.tokens[t]);
            positions_.push_back(rows.first_position + t);
            if (t >= item.first_wanted) wanted_.push_back(rows.first_row + t);
        }
    }
}

std::uint32_t Executor::embedding() const { return plan_.program.slots[plan_.program.hidden].width; }

std::span<const float> Executor::forward(Batch batch) { return run(batch, false); }
std::span<const float> Executor::forward_hidden(Batch batch) { return run(batch, true); }

std::span<const float> Executor::run(Batch batch, bool hidden_only) {
    check(batch);
    try {
        form(batch);
        executable_->run({tokens_, positions_, rows_, wanted_, hidden_only});
    } catch (...) {  // all or nothing: what was reserved goes back
        for (const auto& item : batch) sequences_.truncate(item.sequence, sequences_.length(item.sequence));
        throw;
    }
    for (const auto& item : batch)
        sequences_.commit(item.sequence, static_cast<std::uint32_t>(item.tokens.size()));
    return executable_->result(hidden_only ? plan_.program.hidden : plan_.program.logits);
}

}  // namespace lamina::exec
