// Panels of quantized weights times a chunk of rounded inputs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/ops/packed_product.hpp"
#include "cpu/ops/packed_rows.hpp"

namespace lamina::cpu {

// Results that stay for a while: rows of one panel, panels of many rows as tiles.
inline constexpr std::uint64_t kept_rows = 256, kept_panels = 4;

// Scratch of a thread.
struct ThreadScratch {
    std::byte* panel = nullptr;            // made from blocks
    std::uint8_t* tiles = nullptr;         // of their kernels
    float *gate = nullptr, *up = nullptr;  // results that are not activated yet
};
class ThreadScratches {
  public:
    // `panel_bytes`: of the largest panel that is made from blocks.
    ThreadScratches(Builder& b, std::uint64_t panel_bytes, const TileKernels* tiles);
    ThreadScratch of(Worker worker) const;

  private:
    std::uint64_t panel_bytes_, tile_bytes_, kept_floats_;
    std::byte* all_;
    std::uint64_t bytes() const { return panel_bytes_ + tile_bytes_ + 2 * kept_floats_ * sizeof(float); }
};

// Where results go: of a chunk's first row and a run's first output, and how far apart rows lie.
struct Results {
    float* at;
    std::uint64_t stride;
};

class PackedMultiply {
  public:
    explicit PackedMultiply(const PackedRows& rows);
    // Panels [first, last) of a matrix times a chunk.
    void operator()(const PackedMatrix& w, Range panels, const Chunk& chunk, Results to,
                    const ThreadScratch& scratch) const;

  private:
    void tiles(const PackedMatrix& w, const Panels& data, Range panels, const Chunk& chunk, Results to,
               const ThreadScratch& scratch) const;
    void codes(const PackedMatrix& w, const Panels& data, std::uint64_t panel, const Chunk& chunk,
               Results to) const;
    void codes(const PackedMatrix& w, const Panels& data, std::uint64_t panel, const Chunk& chunk,
               const QuantizedRows& rows, const float* bias, Results to) const;

    PackedRows rows_;
    std::uint64_t prefetch_;  // bytes ahead
};

}  // namespace lamina::cpu
