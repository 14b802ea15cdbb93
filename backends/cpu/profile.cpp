#include "cpu/profile.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace lamina::cpu {
namespace {

// "attn_q" of "blk.7.attn_q.weight".
std::string_view without_layer(std::string_view tensor) {
    const auto end = tensor.rfind('.');
    if (end != tensor.npos) tensor = tensor.substr(0, end);
    const auto begin = tensor.rfind('.');
    return begin == tensor.npos ? tensor : tensor.substr(begin + 1);
}

}  // namespace

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

std::vector<backend::OpTime> Profile::take() {
    std::vector<backend::OpTime> out;
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
        out.append(" ").append(without_layer(program.weights[norm->weight].name));
    return out;
}

std::string profile_name(const backend::Program& program, const std::vector<backend::Linear>& linears) {
    std::string out = "linear";
    for (const auto& linear : linears) {
        out.append(&linear == linears.data() ? " " : " + ");
        out.append(without_layer(program.weights[linear.weight].name));
    }
    return out;
}

std::uint64_t bytes_read(const backend::Program& program, const std::vector<backend::Linear>& linears) {
    std::uint64_t sum = 0;
    for (const auto& linear : linears) {
        const auto& weight = program.weights[linear.weight];
        if (linear.routing == backend::no_routing)
            sum += weight.bytes > 0 ? weight.bytes : weight.stored_bytes();
    }
    return sum;
}

}  // namespace lamina::cpu
