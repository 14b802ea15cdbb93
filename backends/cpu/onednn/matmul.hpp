// Dense matrix products by oneDNN, for many rows. A build without it has the same interface and refuses.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/dtype.hpp"
#include "cpu/isa.hpp"

namespace lamina::cpu::onednn {

struct MatmulShape {
    DType type = DType::f32;  // f32 or bf16, of weights and activations alike; sums and outputs are f32
    std::uint64_t outputs = 0, columns = 0;
    const void* weights = nullptr;  // [outputs, columns], used where they lie
    const float* bias = nullptr;    // [outputs], or null
    std::uint64_t max_rows = 0;     // that inputs and outputs have memory for
    std::uint64_t out_stride = 0;   // floats from one row of outputs to the next
};

class Matmul {
  public:
    virtual ~Matmul() = default;
    // out[rows, outputs] = in[rows, columns] x weights^T (+ bias), on the calling thread alone.
    // Some rows beyond `rows` (up to max_rows) are read and their outputs overwritten: a few row counts stand
    // for all. False where oneDNN failed (memory): nothing is known about `out` then.
    virtual bool run(const void* in, std::uint64_t rows, float* out) = 0;
};

// Null where oneDNN cannot or should not do it at this ISA; `refusal` says why.
std::unique_ptr<Matmul> make_matmul(const MatmulShape& shape, Isa isa, std::string& refusal);

}  // namespace lamina::cpu::onednn
