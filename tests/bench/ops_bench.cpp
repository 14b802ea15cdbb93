// Times the ops on f32 rows as SmolLM2-135M uses them (hidden 576, 9 heads on 3 kv heads of 64, f16 cache).
// Usage: ops_bench [threads]. One line a case: medians of single steps, the step of an empty program taken
// off.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "support/attention_case.hpp"

using namespace lamina;
using test::AttentionCase;

namespace {

template <class Work>
double best_microseconds(Work work) {
    double best = INFINITY;
    for (int i = 0; i < 31; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        best = std::min(
            best,
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
}

void print(cpu::Isa isa, const char* what, double microseconds, double gigaflops) {
    std::printf("%-12s %-34s %10.1f us", std::string(to_string(isa)).c_str(), what, microseconds);
    if (gigaflops > 0) std::printf("  %7.1f Gflop/s", gigaflops);
    std::printf("\n");
}

// A step with the op `copies` times, less a step without it, by the copies.
double op_microseconds(test::OpCase c, const std::vector<test::Piece>& step, const backend::Op& op,
                       int threads) {
    constexpr int copies = 20;
    test::Bound without(cpu::record(), c, threads);
    auto with_op = c;
    for (int i = 0; i < copies; ++i) with_op.program.ops.push_back(op);
    test::Bound with(cpu::record(), with_op, threads);
    const double base = best_microseconds([&] { without.run(step); });
    return (best_microseconds([&] { with.run(step); }) - base) / copies;
}

void row_ops(cpu::Isa isa, std::uint32_t rows, int threads) {
    test::Random random(1);
    test::OpCase c(rows, 4096);
    const auto x = c.input(576, random.normals(rows * 576)), y = c.input(576, random.normals(rows * 576));
    const auto gate = c.input(1536, random.normals(rows * 1536)),
               up = c.input(1536, random.normals(rows * 1536));
    const auto weight = c.vector(random.normals(576));
    c.program.ropes = {
        {.pairing = backend::RopePairing::interleaved, .inverse_frequencies = random.normals(32)}};
    const std::vector<test::Piece> step = {{.tokens = test::tokens_from(0, rows)}};
    const auto time = [&](const char* name, const backend::Op& op) {
        print(isa, (std::string(name) + ", rows " + std::to_string(rows)).c_str(),
              op_microseconds(c, step, op, threads), 0);
    };
    time("norm 576", backend::Norm{.in = x, .out = y, .weight = weight, .group = 576, .epsilon = 1e-5f});
    time("rope 9 x 64", backend::Rope{.x = x, .heads = 9, .head_dim = 64, .rope = 0});
    time("silu gated 1536",
         backend::Activate{.gate = gate, .up = up, .out = up, .kind = backend::Activation::silu});
    time("gelu gated 1536",
         backend::Activate{.gate = gate, .up = up, .out = up, .kind = backend::Activation::gelu});
    time("add 576", backend::Add{.a = x, .b = y, .out = x});
}

// `rows` new tokens after `context` tokens; the context is stored once, in steps of 512.
void attention(cpu::Isa isa, std::uint32_t rows, std::uint32_t context, int threads) {
    const std::uint32_t tokens = context + rows, pages = tokens / backend::page_tokens + 1;
    const AttentionCase c({.heads = 9, .kv_heads = 3, .key_dim = 64, .value_dim = 64, .type = DType::f16},
                          tokens, 512, pages, false, tokens);
    test::PagePool pool(pages);
    const test::Sequence s{.first_token = 0, .table = pool.take(tokens)};
    constexpr int copies = 5;
    auto repeated = c.ops;
    for (int i = 0; i < copies; ++i) repeated.program.ops.push_back(c.ops.program.ops.back());
    test::Bound once(cpu::record(), c.ops, threads), more(cpu::record(), repeated, threads);
    for (auto* bound : {&once, &more}) {
        for (std::uint32_t p = 0; p < context; p += 512)
            bound->run({s.piece(p, std::min(512u, context - p))});
    }
    const std::vector<test::Piece> step = {s.piece(context, rows)};
    const double base = best_microseconds([&] { once.run(step); });
    const double us = (best_microseconds([&] { more.run(step); }) - base) / copies;
    const double pairs = (static_cast<double>(context) + (rows + 1) / 2.0) * rows;
    const std::string name = "attention " + std::to_string(rows) + " after " + std::to_string(context);
    print(isa, name.c_str(), us, pairs * 9 * 64 * 4 / us * 1e-3);
}

}  // namespace

int main(int argc, char** argv) {
    const int threads = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1;
    for (const cpu::Isa isa : test::float_isas()) {
        const test::ForcedIsa forced(to_string(isa));
        for (const std::uint32_t rows : {1u, 512u}) row_ops(isa, rows, threads);
        attention(isa, 512, 0, threads);
        for (const std::uint32_t context : {16u, 512u, 8192u}) attention(isa, 1, context, threads);
    }
}
