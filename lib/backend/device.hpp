// The interface that a backend implements. A device owns memory, holds weights and runs programs.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "backend/op.hpp"
#include "lamina/device.hpp"
#include "lamina/ops.hpp"
#include "lamina/threads.hpp"

namespace lamina::backend {

struct DeviceOptions {
    int threads = 0;                // 0: all that the process may use
    bool pin_threads = true;        // bind each compute thread to one CPU
    bool repack = true;             // false: quantized matrices stay blocks as in the file, which is slower
    bool profile = false;           // take the time of every op
    HostThreads host_threads = {};  // instead of own threads
    HostAllocator allocator = {};   // instead of the system's memory, for CPU devices
};

// A weight as it lies in the file.
struct WeightData {
    WeightInfo info = {};
    std::span<const std::byte> bytes = {};  // rows * row_bytes(type, columns)
    std::shared_ptr<const void> keep = {};  // keeps `bytes` alive for a weight that is read in place
};

// A weight that a device holds. Immutable; shared by programs of the same device.
class Weight {
  public:
    virtual ~Weight() = default;
    virtual const WeightInfo& info() const = 0;
};

// Memory of a device, zeroed at allocation; 64-byte aligned at least.
class Buffer {
  public:
    virtual ~Buffer() = default;
    virtual std::uint64_t bytes() const = 0;
};

// A compiled program bound to its weights and caches. Not thread-safe.
class Executable {
  public:
    virtual ~Executable() = default;
    // Runs one step. Throws device_failed, and out_of_memory where threads cannot be started. Input that exec
    // has checked is no reason.
    virtual void run(const Step& step) = 0;
    // Program::logits or Program::hidden after the last step: [rows of the slot, width] in host memory,
    // valid until the next run.
    virtual std::span<const float> result(Slot slot) const = 0;
    virtual std::vector<OpImplementation> report() const = 0;
    // With DeviceOptions::profile: the times since the last call, in the order of a step. Empty from devices
    // that take none.
    virtual std::vector<OpTime> take_profile() { return {}; }
    // A slot's content after the last run, copied to host: [rows, width]. For tests.
    virtual std::vector<float> read(Slot slot) const = 0;
};

class Device {
  public:
    virtual ~Device() = default;
    virtual const DeviceInfo& info() const = 0;
    // Takes over a weight in the layout that Backend::choose_layout gave it; allocates exactly its bytes.
    virtual std::shared_ptr<const Weight> upload(const WeightData& weight) = 0;
    // Measures for a moment. Throws out_of_memory.
    virtual DeviceSpeed measure_speed() { return {}; }
    virtual std::shared_ptr<Buffer> allocate(std::uint64_t bytes) = 0;
    // weights[i] belongs to program.weights[i]; caches[i] to program.caches[i]; the workspace has
    // Backend::workspace_bytes. Programs that never run at once may share one.
    virtual std::unique_ptr<Executable> compile(const Program& program,
                                                std::vector<std::shared_ptr<const Weight>> weights,
                                                std::vector<std::shared_ptr<Buffer>> caches,
                                                std::shared_ptr<Buffer> workspace) = 0;
};

// What a backend is to the rest of the library. The registry (backends/registry.cpp) is the only place that
// knows which ones were built.
struct Backend {
    std::string_view name;
    std::vector<DeviceInfo> (*devices)();
    std::unique_ptr<Device> (*open)(const DeviceInfo& device, const DeviceOptions& options);

    // Pure layout functions, valid for devices that this machine lacks too.
    // How the device will hold a weight.
    WeightLayout (*choose_layout)(const DeviceInfo& device, const DeviceOptions& options,
                                  const WeightInfo& weight);
    const char* (*layout_name)(std::uint8_t id);  // "packed", "as in the file"
    // Bytes of the workspace that compile() is given: slots and scratch for max_rows and max_outputs. Throws
    // invalid_argument where the program contradicts itself.
    std::uint64_t (*workspace_bytes)(const DeviceInfo& device, const DeviceOptions& options,
                                     const Program& program);
    // The element type in which the device keeps keys and values when `wanted` is asked for; null: as wanted.
    DType (*cache_type)(DType wanted) = nullptr;
};

std::span<const Backend> registry();
const Backend& find_backend(std::string_view name);  // throws invalid_argument that lists what there is

}  // namespace lamina::backend
