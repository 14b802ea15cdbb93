#include "plan/program_text.hpp"

#include <fmt/format.h>

#include <utility>
#include <variant>
#include <vector>

namespace lamina::plan {
namespace {

using namespace backend;

const char* text(ExpertScoring scoring) {
    switch (scoring) {
        case ExpertScoring::softmax: return "softmax";
        case ExpertScoring::sigmoid: return "sigmoid";
        case ExpertScoring::softmax_chosen: return "softmax of the chosen";
    }
    return "unknown";
}

// What differs from the usual value: ", scale 0.5", or nothing.
std::string unless(float usual, const char* what, float value) {
    return value == usual ? "" : fmt::format(", {} {}", what, value);
}

class Writer {
  public:
    Writer(const Program& program, const char* (*layout_name)(std::uint8_t))
        : program_(program), layout_name_(layout_name) {}

    std::string write() {
        head();
        ops("", 0, program_.layers.front());
        layers();
        ops("", program_.layers.back(), program_.head);
        out_ += "output\n";
        ops("  ", program_.head, program_.ops.size());
        return std::move(out_);
    }

  private:
    void head() {
        out_ += fmt::format("{} rows, {} logit rows, positions below {}{}\n", program_.max_rows,
                            program_.max_outputs, program_.max_position,
                            program_.row_invariant ? ", a row's bits whatever rows are beside it" : "");
        for (std::size_t i = 0; i < program_.caches.size(); ++i) {
            const auto& c = program_.caches[i];
            out_ += fmt::format(
                "cache {}: {} layers x {} pages x {} tokens, {} heads, key {}, value {}{}, {}{}\n", i,
                c.layers, c.pages, page_tokens, c.kv_heads, c.key_dim, c.value_dim,
                c.values_in_keys ? " (part of the key)" : "", info(c.type).name,
                c.window > 0 ? fmt::format(", window {}", c.window) : "");
        }
        for (std::size_t i = 0; i < program_.ropes.size(); ++i) {
            const auto& r = program_.ropes[i];
            out_ += fmt::format("rope {}: {} dims in {}, frequencies {:.6g} .. {:.6g}{}\n", i, r.dims(),
                                r.pairing == RopePairing::halves ? "halves" : "interleaved pairs",
                                r.inverse_frequencies.front(), r.inverse_frequencies.back(),
                                unless(1.0f, "magnitude", r.magnitude));
        }
        for (std::size_t i = 0; i < program_.routings.size(); ++i) {
            const auto& r = program_.routings[i];
            out_ +=
                fmt::format("routing {}: {} of {} experts, {}{}{}{}\n", i, r.used, r.experts, text(r.scoring),
                            r.groups > 1 ? fmt::format(", {} of {} groups", r.groups_used, r.groups) : "",
                            r.normalise ? ", normalised" : "", unless(1.0f, "scale", r.scale));
        }
    }

    void layers() {
        std::vector<std::string> texts;
        for (std::size_t i = 0; i + 1 < program_.layers.size(); ++i) {
            std::string before = std::exchange(out_, {});
            ops("  ", program_.layers[i], program_.layers[i + 1]);
            texts.push_back(std::exchange(out_, std::move(before)));
        }
        for (std::size_t first = 0, last = 0; first < texts.size(); first = last + 1) {
            last = first;
            while (last + 1 < texts.size() && texts[last + 1] == texts[first]) ++last;
            out_ += first == last ? fmt::format("layer {}\n", first)
                                  : fmt::format("layers {} to {}, each\n", first, last);
            out_ += texts[first];
        }
    }

    void ops(const char* indent, std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            out_ += fmt::format("{}{:<10} ", indent, name(program_.ops[i]));
            out_ += std::visit([this](const auto& op) { return line(op); }, program_.ops[i]);
            out_ += '\n';
        }
    }

    std::string slot(Slot id) const {
        const auto& s = program_.slots[id];
        std::string out =
            id < program_.slot_names.size() ? program_.slot_names[id] : fmt::format("slot {}", id);
        out += fmt::format(" [{}]", s.width);
        return s.copies > 1 ? fmt::format("{} x {}", s.copies, out) : out;
    }
    std::string weight(WeightId id) const {
        const auto& w = program_.weights[id];
        return w.role.empty() ? w.name : w.role;
    }
    std::string matrix(WeightId id) const {
        const auto& w = program_.weights[id];
        return fmt::format("{} {} {}[{}, {}] ({})", weight(id), info(w.type).name,
                           w.matrices > 1 ? fmt::format("{} x ", w.matrices) : "", w.rows, w.columns,
                           layout_name_(w.layout.id));
    }

    std::string line(const Embed& op) const {
        return fmt::format("{}: -> {}{}", matrix(op.table), slot(op.out), unless(1.0f, "scale", op.scale));
    }
    std::string line(const Norm& op) const {
        return fmt::format("{}{}: {} -> {}, by {}, epsilon {}{}", weight(op.weight),
                           op.bias == no_weight ? "" : " with bias", slot(op.in), slot(op.out), op.group,
                           op.epsilon, op.centered ? ", centered" : "");
    }
    std::string line(const Linear& op) const {
        return fmt::format("{}{}: {} -> {}, inputs {}{}{}", matrix(op.weight),
                           op.bias == no_weight ? "" : " with bias", slot(op.in), slot(op.out),
                           name(op.input), op.matrix_unit ? " or bf16 in a matrix unit" : "",
                           op.routing == no_routing ? "" : fmt::format(", routing {}", op.routing));
    }
    std::string line(const Rope& op) const {
        return fmt::format("{}, rope {}, {} heads of {}{}", slot(op.x), op.rope, op.heads, op.head_dim,
                           op.offset > 0 ? fmt::format(" from value {}", op.offset) : "");
    }
    std::string line(const StoreKv& op) const {
        return fmt::format("{}, {} -> cache {}", slot(op.keys), slot(op.values), op.group);
    }
    std::string line(const Attention& op) const {
        return fmt::format("{} -> {}, cache {}, {} heads, scale {}{}{}, prefill {}", slot(op.query),
                           slot(op.out), op.group, op.heads, op.scale, unless(0.0f, "softcap", op.softcap),
                           op.sinks == no_weight ? "" : ", " + weight(op.sinks), name(op.prefill));
    }
    std::string line(const Activate& op) const {
        return op.gated ? fmt::format("{} of {} times {} -> {}", name(op.kind), slot(op.gate), slot(op.up),
                                      slot(op.out))
                        : fmt::format("{} of {} -> {}", name(op.kind), slot(op.gate), slot(op.out));
    }
    std::string line(const Add& op) const {
        return fmt::format("{} + {} -> {}{}", slot(op.a), slot(op.b), slot(op.out),
                           unless(1.0f, "scale", op.scale));
    }
    std::string line(const Gather& op) const { return fmt::format("{} -> {}", slot(op.in), slot(op.out)); }
    std::string line(const Scale& op) const {
        return fmt::format("{} by {}{}", slot(op.x), op.scale, unless(0.0f, "cap", op.cap));
    }
    std::string line(const StridedCopy& op) const {
        const auto place = [this](const Heads& h) {
            return h.stride > 0 || h.offset > 0
                       ? fmt::format("{} at {} + {} a head", slot(h.slot), h.offset, h.stride)
                       : slot(h.slot);
        };
        return fmt::format("{} heads of {}: {} -> {}", op.heads, op.width, place(op.in), place(op.out));
    }
    std::string line(const Route& op) const {
        return fmt::format("{} -> routing {}{}", slot(op.logits), op.routing,
                           op.selection_bias == no_weight ? "" : ", " + weight(op.selection_bias));
    }
    std::string line(const Dispatch& op) const {
        return fmt::format("{} -> {}, routing {}", slot(op.in), slot(op.out), op.routing);
    }
    std::string line(const Combine& op) const {
        return fmt::format("{} -> {}, routing {}", slot(op.in), slot(op.out), op.routing);
    }
    std::string line(const Gate& op) const { return fmt::format("{} by {}", slot(op.x), slot(op.gate)); }

    const Program& program_;
    const char* (*layout_name_)(std::uint8_t);
    std::string out_;
};

}  // namespace

std::string to_text(const Program& program, const char* (*layout_name)(std::uint8_t)) {
    return Writer(program, layout_name).write();
}

}  // namespace lamina::plan
