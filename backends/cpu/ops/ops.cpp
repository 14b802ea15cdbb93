#include "cpu/ops/ops.hpp"

#include <variant>

#include "cpu/profile.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

constexpr Level<FloatKernels> float_list[] = {{Isa::avx512_vnni, float_kernels_avx512},
                                              {Isa::avx2, float_kernels_avx2},
                                              {Isa::scalar, float_kernels_scalar}};
constexpr Level<PackedKernels> packed_list[] = {{Isa::avx512_vnni, avx512_vnni_packed},
                                                {Isa::avx_vnni, avx_vnni_packed},
                                                {Isa::avx2, avx2_packed},
                                                {Isa::scalar, scalar_packed}};
constexpr Level<DenseKernels> dense_list[] = {{Isa::avx512_bf16, avx512_bf16_dense},
                                              {Isa::avx512_vnni, avx512_vnni_dense},
                                              {Isa::avx2, avx2_dense},
                                              {Isa::scalar, scalar_dense}};

// The Linears from `first` on that read what the first one reads, while none of them writes it.
std::vector<Linear> linears_from(const std::vector<Op>& ops, std::size_t first) {
    const Linear& leader = std::get<Linear>(ops[first]);
    std::vector<Linear> together;
    for (std::size_t i = first; i < ops.size(); ++i) {
        const auto* linear = std::get_if<Linear>(&ops[i]);
        if (linear == nullptr || linear->in != leader.in || linear->routing != leader.routing) break;
        together.push_back(*linear);
        if (linear->out == linear->in) break;
    }
    return together;
}

}  // namespace

std::size_t build_program(Builder& b, Profile* profile) {
    const Program& program = b.program();
    const auto& ops = program.ops;
    const auto named = [&](const std::string& op, std::uint64_t weight_bytes) {
        if (profile != nullptr) profile->name(b.stages(), op, weight_bytes);
    };
    build_rope_tables(b);
    named("rope tables", 0);
    std::size_t head = 0;
    for (std::size_t i = 0; i < ops.size();) {
        if (i <= program.head) head = b.stages().size();
        b.begin_group();
        if (std::holds_alternative<Linear>(ops[i])) {
            const auto together = linears_from(ops, i);
            i += together.size();
            const auto* next = i < ops.size() ? std::get_if<Activate>(&ops[i]) : nullptr;
            const bool activated = build_linears(together, next, b);
            named(profile_name(program, together) + (activated ? " + activate" : ""),
                  bytes_read(program, together));
            if (activated) ++i;
        } else {
            std::visit([&](const auto& op) { build(op, b); }, ops[i]);
            named(profile_name(program, ops[i]), 0);
            ++i;
        }
    }
    return head;
}

Workspace measure(const Program& program, const Target& target) {
    Builder b(program, target);
    build_program(b, nullptr);
    return {b.workspace_bytes(), b.scratch_bytes()};
}

Isa float_isa(Isa allowed) { return best_level(Ladder<FloatKernels>(float_list), allowed).isa; }
const FloatKernels& float_kernels(Isa allowed) {
    return best_level(Ladder<FloatKernels>(float_list), allowed).kernels;
}

Ladder<PackedKernels> packed_levels() { return packed_list; }
const PackedKernels& packed_kernels(Isa allowed) { return best_level(packed_levels(), allowed).kernels; }

Ladder<DenseKernels> dense_levels() { return dense_list; }

const TileKernels* tile_kernels(Isa isa) { return isa == Isa::amx ? &amx_tiles : nullptr; }

}  // namespace lamina::cpu
