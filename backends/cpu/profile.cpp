#include "cpu/profile.hpp"

#include <algorithm>

#include "base/join.hpp"

namespace lamina::cpu {
void Profile::name(const Stages& stages, const std::string& op, std::uint64_t weight_bytes) {
    for (std::size_t i = stages_.size(); i < stages.size(); ++i) {
        const auto part = stages[i]->part();
        const std::string full = part.empty() ? op : op + ": " + std::string(part);
        const auto entry =
            std::find_if(entries_.begin(), entries_.end(), [&full](const Entry& e) { return e.op == full; });
        const auto at = static_cast<std::size_t>(entry - entries_.begin());
        if (entry == entries_.end()) entries_.push_back({.op = full});
        stages_.push_back({at, part.empty() ? weight_bytes : 0});
    }
}

void Profile::end(Clock::time_point now) {
    if (running_ == nullptr) return;
    Entry& entry = entries_[running_->entry];
    ++entry.runs;
    entry.weight_bytes += running_->weight_bytes;
    entry.time += now - begun_;
}

std::vector<OpTime> Profile::take() {
    std::vector<OpTime> out;
    for (Entry& e : entries_) {
        const double seconds = std::chrono::duration<double>(e.time).count();
        if (e.runs > 0) out.push_back({e.op, e.runs, seconds, e.weight_bytes});
        e.runs = e.weight_bytes = 0;
        e.time = {};
    }
    return out;
}

std::string profile_name(const backend::Program& program, const backend::Op& op) {
    std::string out = backend::name(op);
    if (const auto* norm = std::get_if<backend::Norm>(&op))
        out.append(" ").append(program.weights[norm->weight].role);
    return out;
}

std::string profile_name(const backend::Program& program, const std::vector<backend::Linear>& linears) {
    return "linear " + join(linears, " + ", [&](const backend::Linear& linear) -> std::string_view {
               return program.weights[linear.weight].role;
           });
}

std::uint64_t bytes_read(const backend::Program& program, const std::vector<backend::Linear>& linears) {
    std::uint64_t sum = 0;
    for (const auto& linear : linears) {
        const auto& weight = program.weights[linear.weight];
        if (linear.routing == backend::no_routing)
            sum += weight.layout.bytes > 0 ? weight.layout.bytes : weight.stored_bytes();
    }
    return sum;
}

}  // namespace lamina::cpu
