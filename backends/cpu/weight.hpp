// What the CPU device holds: weights and buffers.
#pragma once

#include <memory>
#include <utility>

#include "backend/device.hpp"
#include "cpu/memory.hpp"

namespace lamina::cpu {

class CpuWeight final : public backend::Weight {
  public:
    // In memory of its own, in the layout that info names.
    CpuWeight(backend::WeightInfo info, Allocation memory)
        : info_(std::move(info)), memory_(std::move(memory)), data_(memory_.data()) {}
    // In place in the file's mapping, which `keep` keeps.
    CpuWeight(backend::WeightInfo info, const std::byte* data, std::shared_ptr<const void> keep)
        : info_(std::move(info)), keep_(std::move(keep)), data_(data) {}

    const backend::WeightInfo& info() const override { return info_; }
    const std::byte* data() const { return data_; }

  private:
    backend::WeightInfo info_;
    Allocation memory_;
    std::shared_ptr<const void> keep_;
    const std::byte* data_;
};

class CpuBuffer final : public backend::Buffer {
  public:
    explicit CpuBuffer(Allocation memory) : memory_(std::move(memory)) {}
    std::uint64_t bytes() const override { return memory_.bytes(); }
    std::byte* data() const { return memory_.data(); }

  private:
    Allocation memory_;
};

}  // namespace lamina::cpu
