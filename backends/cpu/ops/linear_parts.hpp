// The parts of the Linear op: what linear.cpp puts together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cpu/kernels/linear_task.hpp"
#include "cpu/ops/ops.hpp"
#include "cpu/ops/stage.hpp"

namespace lamina::cpu {

// Which rows each matrix of a weight multiplies: runs of rows, in the order of the matrices.
struct RowGroups {
    std::uint64_t matrices = 1;
    const std::uint32_t* first = nullptr;  // [matrices + 1] in a routing; null: equal runs

    Share of(std::uint64_t matrix, std::uint64_t rows) const {
        if (first != nullptr) return {first[matrix], first[matrix + 1]};
        return {rows / matrices * matrix, rows / matrices * (matrix + 1)};
    }
};

// A Linear with everything looked up.
struct LinearOperands {
    const backend::WeightInfo* weight = nullptr;
    const std::byte* data = nullptr;  // of the weight, in its layout
    const float* bias = nullptr;      // [outputs], or null
    const float* in = nullptr;        // [rows, columns]
    float* out = nullptr;             // [rows, outputs]
    backend::SlotInfo slot = {};      // of the input
    std::uint64_t max_rows = 0;
    RowGroups groups = {};
    backend::Precision input = backend::Precision::f32;
    bool matrix_unit = false;

    bool precise() const { return input == backend::Precision::int16; }
};

void report_linear(const BuildContext& context, const backend::WeightInfo& weight, std::string implementation,
                   const Refusals& refusals);

// linear_packed.cpp: quantized weights, packed or as blocks of the file. All operands read the same input.
// `activate`: of what some of them write, done with them; null: none.
void add_packed_linears(const BuildContext& context, const std::vector<LinearOperands>& linears,
                        const ActivateOperands* activate, Stages& out);
std::uint64_t packed_scratch_bytes(const backend::WeightInfo& weight, const TileKernels* tiles, bool precise,
                                   std::uint64_t rows, int threads);

// linear_dense.cpp: weights f32, f16 or bf16, row-major. All operands read the same input.
void add_dense_linears(const BuildContext& context, const std::vector<LinearOperands>& linears, Stages& out);
std::uint64_t dense_scratch_bytes(std::uint64_t rows, std::uint64_t columns);

}  // namespace lamina::cpu
