// The parts of the Linear op: what linear.cpp puts together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cpu/kernels/linear_task.hpp"
#include "cpu/ops/ops.hpp"

namespace lamina::cpu {

inline constexpr Errors linear_errors{"linear"};

// Which rows each matrix of a weight multiplies: runs of rows, in the order of the matrices.
struct RowGroups {
    std::uint64_t matrices = 1;
    const std::uint32_t* first = nullptr;  // [matrices + 1] in a routing; null: equal runs

    Range of(std::uint64_t matrix, std::uint64_t rows) const {
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

// Linears that read the same input, all packed or all dense.
struct LinearGroup {
    std::vector<LinearOperands> linears = {};
    std::optional<ActivateOperands> activate = {};  // of what some of them write, done with them
};

void report_linear(const backend::WeightInfo& weight, std::string implementation, const Refusals& refusals,
                   Builder& b);

// linear_packed.cpp: quantized weights, packed or as blocks of the file.
void build_packed(const LinearGroup& group, Builder& b);
// linear_dense.cpp: weights f32, f16 or bf16, row-major; they activate nothing.
void build_dense(const LinearGroup& group, Builder& b);

}  // namespace lamina::cpu
