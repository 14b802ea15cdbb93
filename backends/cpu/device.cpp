#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "base/cpu_count.hpp"
#include "base/host_memory.hpp"
#include "base/thread_pool.hpp"
#include "cpu/cpu.hpp"
#include "cpu/errors.hpp"
#include "cpu/executable.hpp"
#include "cpu/layout.hpp"
#include "cpu/machine.hpp"
#include "cpu/ops/ops.hpp"
#include "cpu/speed.hpp"
#include "cpu/weight.hpp"
#include "quant/decode.hpp"
#include "quant/packed.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

// The file's bytes in place; kernels read them by element, so they must be aligned for it.
std::shared_ptr<const Weight> in_place(const WeightData& weight) {
    const std::uint64_t element = is_float(weight.info.type) ? info(weight.info.type).block_bytes : 1;
    if (reinterpret_cast<std::uintptr_t>(weight.bytes.data()) % element != 0) {
        errors.fail(ErrorCode::bad_file, weight.info.name,
                    "data aligned to " + std::to_string(element) + " bytes", "less");
    }
    return std::make_shared<CpuWeight>(weight.info, weight.bytes.data(), weight.keep);
}

// The matrix as panels, packed by the threads that will compute with them: pages come to lie near their
// thread.
std::shared_ptr<const Weight> packed(const WeightData& weight, Allocation memory, ThreadPool& pool) {
    const auto& info = weight.info;
    const quant::PackedShape shape{quant::packed_kind(info.type), info.rows, info.columns};
    const std::uint64_t stored = info.rows * row_bytes(info.type, info.columns);
    for (std::uint64_t m = 0; m < info.matrices; ++m) {
        pool.parallel([&](Worker worker) {
            const Range panels = range_of(shape.panels(), worker);
            quant::pack(info.type, weight.bytes.data() + m * stored, shape, panels.first, panels.last,
                        memory.data() + m * shape.bytes());
        });
    }
    return std::make_shared<CpuWeight>(info, std::move(memory));
}

std::shared_ptr<const Weight> widened(const WeightData& weight, Allocation memory, ThreadPool& pool) {
    const auto& info = weight.info;
    const std::uint64_t in_row = row_bytes(info.type, info.columns);
    auto* out = reinterpret_cast<float*>(memory.data());
    const auto rows = [&](Range part) {
        for (std::uint64_t r = part.first; r < part.last; ++r) {
            quant::decode(info.type, weight.bytes.data() + r * in_row, info.columns, out + r * info.columns);
        }
    };
    const std::uint64_t count = info.matrices * info.rows;
    if (count == 1) {
        rows({0, 1});
    } else {
        pool.parallel([&](Worker worker) { rows(range_of(count, worker)); });
    }
    return std::make_shared<CpuWeight>(info, std::move(memory));
}

class CpuDevice final : public Device {
  public:
    CpuDevice(DeviceInfo info, DeviceOptions options)
        : info_(std::move(info)),
          options_(std::move(options)),
          isa_(chosen()),
          allocator_(options_.allocator.allocate ? std::make_shared<HostAllocator>(options_.allocator)
                                                 : nullptr),
          pool_(threads_of(info_, options_), options_.pin_threads, options_.host_threads) {}

    const DeviceInfo& info() const override { return info_; }

    std::shared_ptr<const Weight> upload(const WeightData& weight) override {
        check(weight);
        const auto memory = [&] { return allocated(weight.info.layout.bytes, weight.info.name); };
        switch (layout_of(weight.info)) {
            case Layout::packed: return packed(weight, memory(), pool_);
            case Layout::f32: return widened(weight, memory(), pool_);
            case Layout::file: break;
        }
        return in_place(weight);
    }

    DeviceSpeed measure_speed() override { return cpu::measure_speed(isa_, pool_); }

    std::shared_ptr<Buffer> allocate(std::uint64_t bytes) override {
        return std::make_shared<CpuBuffer>(allocated(bytes, "buffer"));
    }

    std::unique_ptr<Executable> compile(const Program& program,
                                        std::vector<std::shared_ptr<const Weight>> weights,
                                        std::vector<std::shared_ptr<Buffer>> caches,
                                        std::shared_ptr<Buffer> workspace) override {
        return cpu::compile(program, std::move(weights), std::move(caches), std::move(workspace),
                            options_.profile, isa_, pool_);
    }

  private:
    Allocation allocated(std::uint64_t bytes, std::string_view what) const {
        return {bytes, what, allocator_};
    }

    // The type is known, the shape fills whole blocks, the bytes are all there, the layout is one of ours.
    void check(const WeightData& weight) const {
        const auto& w = weight.info;
        if (!quant::is_weight_type(w.type)) {
            errors.fail(ErrorCode::unsupported, w.name, "weights of a float or block type",
                        lamina::info(w.type).name);
        }
        const std::uint64_t block = lamina::info(w.type).block_size;
        if (w.matrices == 0 || w.rows == 0 || w.columns == 0 || w.columns % block != 0) {
            errors.refuse(w.name, "columns in blocks of " + std::to_string(block),
                          std::to_string(w.rows) + " x " + std::to_string(w.columns));
        }
        const auto rows = checked_mul(w.matrices, w.rows);
        const auto bytes = rows ? checked_mul(*rows, row_bytes(w.type, w.columns)) : std::nullopt;
        if (!bytes || weight.bytes.size() != *bytes) {
            errors.refuse(w.name, bytes ? std::to_string(*bytes) + " bytes" : "fewer than 2^64 bytes",
                          std::to_string(weight.bytes.size()));
        }
        const auto layout = layout_of(w);
        const bool known = layout == Layout::file || layout == Layout::f32 ||
                           (layout == Layout::packed && is_quantized(w.type));
        if (!known || layout_bytes(layout, w) != w.layout.bytes) {
            errors.refuse(w.name, "a layout of this device and its bytes",
                          std::to_string(w.layout.bytes) + " bytes " + layout_name(w.layout.id));
        }
    }

    DeviceInfo info_;
    DeviceOptions options_;
    Isa isa_;
    std::shared_ptr<const HostAllocator> allocator_;
    ThreadPool pool_;
};

std::vector<DeviceInfo> devices() {
    DeviceInfo device;
    device.name = device.backend = "cpu";
    device.description = processor_name();
    const HostMemory memory = host_memory();
    device.memory_bytes = memory.total;
    device.available_bytes = memory.available;
    device.threads = available_cpus();
    for (const Isa isa : detected()) device.isa.emplace_back(to_string(isa));
    device.isa_used = to_string(chosen());
    return {device};
}

}  // namespace

const Backend& record() {
    static const Backend backend{
        .name = "cpu",
        .devices = devices,
        .open = [](const DeviceInfo& device, const DeviceOptions& options) -> std::unique_ptr<Device> {
            return std::make_unique<CpuDevice>(device, options);
        },
        .choose_layout = choose_layout,
        .layout_name = layout_name,
        .workspace_bytes =
            [](const DeviceInfo& device, const DeviceOptions& options, const Program& program) {
                return measure(program, Target::of(isa_of(device), threads_of(device, options))).bytes;
            },
    };
    return backend;
}

}  // namespace lamina::cpu
