// The ops of the reference backend, one function each; backend/op.hpp says what they compute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backend/op.hpp"
#include "base/thread_pool.hpp"

namespace lamina::reference {

// What Route decides for a step: pairs of row and expert, sorted by expert, then by row.
struct Routing {
    std::vector<std::uint32_t> first;  // [experts + 1]: the pairs of an expert
    std::vector<std::uint32_t> row;    // [pairs]
    std::vector<std::uint32_t> pair;   // [rows, used]: of a row's choices, best first
    std::vector<float> weight;         // [rows, used]
};

// A running program's memory.
struct Context {
    const backend::Program& program;
    const std::vector<std::span<float>>& slots;              // [rows, width], as many rows as the step has
    const std::vector<std::span<const std::byte>>& weights;  // by WeightId, the file's bytes
    const std::vector<float*>& caches;                       // by group, f32
    std::vector<Routing>& routings;                          // by RoutingId
    const backend::Step& step;
    ThreadPool& pool;

    std::uint32_t width(backend::Slot slot) const { return program.slots[slot].width; }
    std::uint64_t rows(backend::Slot slot) const { return step.rows(program.slots[slot]); }
    float* row(backend::Slot slot, std::uint64_t r) const { return slots[slot].data() + r * width(slot); }
    std::vector<float> vector(backend::WeightId id) const;                     // a whole small weight in f32
    void weight_row(backend::WeightId id, std::uint64_t r, float* out) const;  // [columns] in f32
};

// Runs work(worker) on all threads, on one where there is little to do: about `products` multiplications.
template <class Work>
void share_out(const Context& c, std::uint64_t products, const Work& work) {
    if (products < 1u << 18) {
        work(Worker{0, 1});
    } else {
        c.pool.parallel(work);
    }
}

void run(const backend::Embed& op, const Context& c);
void run(const backend::Norm& op, const Context& c);
void run(const backend::Linear& op, const Context& c);
void run(const backend::Rope& op, const Context& c);
void run(const backend::StoreKv& op, const Context& c);
void run(const backend::Attention& op, const Context& c);
void run(const backend::Activate& op, const Context& c);
void run(const backend::Add& op, const Context& c);
void run(const backend::Gather& op, const Context& c);
void run(const backend::Scale& op, const Context& c);
void run(const backend::StridedCopy& op, const Context& c);
void run(const backend::Route& op, const Context& c);
void run(const backend::Dispatch& op, const Context& c);
void run(const backend::Combine& op, const Context& c);
void run(const backend::Gate& op, const Context& c);

}  // namespace lamina::reference
