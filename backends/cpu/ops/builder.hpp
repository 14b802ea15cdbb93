// What ops are compiled with and into: the one thing that an op's build() is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/device.hpp"
#include "backend/op.hpp"
#include "cpu/errors.hpp"
#include "cpu/isa.hpp"
#include "cpu/ops/stage.hpp"

namespace lamina::cpu {

struct TileKernels;

// What runs the stages.
struct Target {
    Isa isa = Isa::scalar;
    int threads = 1;
    const TileKernels* tiles = nullptr;  // tile_kernels(isa)

    static Target of(Isa isa, int threads);
};

// Where the data of a program lie. The workspace has the bytes that measure() says.
struct Bindings {
    std::byte* workspace = nullptr;
    std::span<const std::byte* const> weights = {};  // by WeightId, in their layouts
    std::span<std::byte* const> caches = {};         // by cache group
};

// The reasons why better implementations were passed over: "onednn: quantized weights; avx512_vnni: ...".
class Refusals {
  public:
    void add(const std::string& implementation, const std::string& reason) {
        text_ += (text_.empty() ? "" : "; ") + implementation + ": " + reason;
    }
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

// The workspace is the slots, the rotary tables, the routings, then the scratch: what the stages of one group
// of ops leave for each other. The next group's scratch begins where this one's did.
class Builder {
  public:
    // Measures: addresses are nobody's, and stages must not run.
    Builder(const backend::Program& program, const Target& target);
    Builder(const backend::Program& program, const Target& target, const Bindings& bindings);

    const backend::Program& program() const { return program_; }
    Isa isa() const { return target_.isa; }
    int threads() const { return target_.threads; }
    const TileKernels* tiles() const { return target_.tiles; }
    // Nothing may be read or written yet, weights included.
    bool measures() const { return bindings_ == nullptr; }

    // Descriptions, refused with invalid_argument where there is none. `op` is its name in errors.
    const backend::SlotInfo& slot(std::string_view op, backend::Slot slot) const;
    const backend::WeightInfo& weight(std::string_view op, backend::WeightId id) const;
    const backend::ExpertRouting& routing(std::string_view op, backend::RoutingId id) const;
    const backend::CacheGeometry& cache(std::string_view op, std::uint32_t group, std::uint32_t layer) const;

    // Addresses. [max rows of the slot's kind, width] of a slot.
    float* slot_data(backend::Slot slot) const { return slots_[slot]; }
    const std::byte* weight_data(backend::WeightId id) const;
    // f32 [count], refused where the weight has another layout or length.
    const float* vector(std::string_view op, backend::WeightId id, std::uint64_t count) const;
    const Routing& routing_data(backend::RoutingId id) const { return routings_[id]; }
    float* rope_data(backend::RopeId id) const { return ropes_[id]; }
    std::byte* cache_data(std::uint32_t group) const;

    // The stages that follow are of another group of ops.
    void begin_group() { scratch_at_ = scratch_start_; }
    // Scratch of this group: 64-byte aligned. Throws out_of_memory where sizes exceed 64 bits.
    std::byte* scratch(std::uint64_t bytes);
    template <class T>
    T* scratch_of(std::uint64_t count) {
        return reinterpret_cast<T*>(scratch(count * sizeof(T)));
    }

    void add(std::unique_ptr<Stage> stage) { stages_.push_back(std::move(stage)); }
    // True where kernels of `level` may run; adds the reason to `refusals` where not.
    bool allows(Isa level, Refusals& refusals) const;
    // A line of Executable::report, once for each kind of op. `implementation`: the level of the f32 kernels
    // where it is empty.
    void report(std::string op, std::string implementation = {}, const Refusals& refusals = {});

    const Stages& stages() const { return stages_; }
    Stages take_stages() { return std::move(stages_); }
    std::vector<OpImplementation> take_report() { return std::move(report_); }
    std::uint64_t workspace_bytes() const { return end_; }
    std::uint64_t scratch_bytes() const { return end_ - scratch_start_; }

  private:
    Builder(const backend::Program& program, const Target& target, const Bindings* bindings);
    std::uint64_t append(std::uint64_t bytes, const char* what);
    std::byte* at(std::uint64_t offset) const;
    void lay_out();

    const backend::Program& program_;
    const Target target_;
    const Bindings* bindings_;
    std::vector<float*> slots_, ropes_;
    std::vector<Routing> routings_;
    std::uint64_t scratch_start_ = 0, scratch_at_ = 0, end_ = 0;  // bytes of the workspace
    Stages stages_;
    std::vector<OpImplementation> report_;
};

// The most rows that a slot can hold in a step.
std::uint64_t slot_rows(const backend::Program& program, const backend::SlotInfo& slot);

}  // namespace lamina::cpu
