#include "reference/reference.hpp"

#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "base/cpu_count.hpp"
#include "base/host_memory.hpp"
#include "lamina/error.hpp"
#include "reference/ops.hpp"

namespace lamina::reference {
namespace {

using namespace backend;

class HostBuffer final : public Buffer {
  public:
    explicit HostBuffer(std::uint64_t bytes)
        : memory_((bytes + sizeof(float) - 1) / sizeof(float)), bytes_(bytes) {}
    std::uint64_t bytes() const override { return bytes_; }
    float* data() { return memory_.data(); }

  private:
    std::vector<float> memory_;
    std::uint64_t bytes_;
};

// The file's own bytes, kept alive.
class FileWeight final : public Weight {
  public:
    explicit FileWeight(WeightData data) : data_(std::move(data)) {}
    const WeightInfo& info() const override { return data_.info; }
    std::span<const std::byte> bytes() const { return data_.bytes; }

  private:
    WeightData data_;
};

std::uint64_t max_rows(const Program& program, const SlotInfo& slot) {
    return std::uint64_t{slot.rows == Rows::all ? program.max_rows : program.max_outputs} * slot.copies;
}

class ReferenceExecutable final : public Executable {
  public:
    ReferenceExecutable(const Program& program, ThreadPool& pool,
                        std::vector<std::shared_ptr<const Weight>> weights,
                        std::vector<std::shared_ptr<Buffer>> caches, std::shared_ptr<Buffer> workspace)
        : program_(program),
          pool_(pool),
          owned_weights_(std::move(weights)),
          owned_caches_(std::move(caches)),
          workspace_(std::move(workspace)) {
        for (const auto& weight : owned_weights_)
            weights_.push_back(dynamic_cast<const FileWeight&>(*weight).bytes());
        for (const auto& cache : owned_caches_) caches_.push_back(dynamic_cast<HostBuffer&>(*cache).data());
        float* at = dynamic_cast<HostBuffer&>(*workspace_).data();
        for (const auto& slot : program_.slots) {
            starts_.push_back(at);
            at += std::size_t{slot.width} * max_rows(program_, slot);
        }
        slots_.resize(starts_.size());
        routings_.resize(program_.routings.size());
    }

    void run(const Step& step) override {
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            slots_[i] = {starts_[i], std::size_t{program_.slots[i].width} * step.rows(program_.slots[i])};
        }
        const Context context{program_, slots_, weights_, caches_, routings_, step, pool_};
        const std::size_t count = step.hidden_only ? program_.head : program_.ops.size();
        for (std::size_t i = 0; i < count; ++i) {
            std::visit([&](const auto& o) { reference::run(o, context); }, program_.ops[i]);
        }
    }

    std::span<const float> result(Slot slot) const override { return slots_[slot]; }
    std::vector<float> read(Slot slot) const override { return {slots_[slot].begin(), slots_[slot].end()}; }

    std::vector<OpImplementation> report() const override {
        std::vector<OpImplementation> out;
        for (const auto& op : program_.ops) out.push_back({name(op), "reference", ""});
        return out;
    }

  private:
    Program program_;
    ThreadPool& pool_;
    std::vector<std::shared_ptr<const Weight>> owned_weights_;
    std::vector<std::shared_ptr<Buffer>> owned_caches_;
    std::vector<std::span<const std::byte>> weights_;
    std::vector<float*> caches_;
    std::shared_ptr<Buffer> workspace_;
    std::vector<float*> starts_;           // of the slots, in the workspace
    std::vector<std::span<float>> slots_;  // with the rows of the step
    std::vector<Routing> routings_;
};

class ReferenceDevice final : public Device {
  public:
    ReferenceDevice(DeviceInfo info, const DeviceOptions& options)
        : info_(std::move(info)),
          pool_(options.threads > 0 ? options.threads : info_.threads, false, options.host_threads) {}
    const DeviceInfo& info() const override { return info_; }

    std::shared_ptr<const Weight> upload(const WeightData& weight) override {
        return std::make_shared<FileWeight>(weight);
    }
    std::shared_ptr<Buffer> allocate(std::uint64_t bytes) override {
        try {
            return std::make_shared<HostBuffer>(bytes);
        } catch (const std::bad_alloc&) {
            throw Error(ErrorCode::out_of_memory, "reference",
                        "no memory for " + std::to_string(bytes) + " bytes");
        }
    }
    std::unique_ptr<Executable> compile(const Program& program,
                                        std::vector<std::shared_ptr<const Weight>> weights,
                                        std::vector<std::shared_ptr<Buffer>> caches,
                                        std::shared_ptr<Buffer> workspace) override {
        return std::make_unique<ReferenceExecutable>(program, pool_, std::move(weights), std::move(caches),
                                                     std::move(workspace));
    }

  private:
    DeviceInfo info_;
    ThreadPool pool_;
};

std::vector<DeviceInfo> devices() {
    DeviceInfo info;
    info.name = info.backend = "reference";
    info.description = "scalar f32, for checking";
    const auto memory = host_memory();
    info.memory_bytes = memory.total;
    info.available_bytes = memory.available;
    info.threads = available_cpus();
    info.isa = {"scalar"};
    info.isa_used = "scalar";
    return {info};
}

std::uint64_t workspace_bytes(const DeviceInfo&, const DeviceOptions&, const Program& program) {
    std::uint64_t bytes = 0;
    for (const auto& slot : program.slots)
        bytes += std::uint64_t{slot.width} * max_rows(program, slot) * sizeof(float);
    return bytes;
}

}  // namespace

const Backend& record() {
    static const Backend backend{
        .name = "reference",
        .devices = devices,
        .open = [](const DeviceInfo& device, const DeviceOptions& options) -> std::unique_ptr<Device> {
            return std::make_unique<ReferenceDevice>(device, options);
        },
        .choose_layout = [](const DeviceInfo&, const DeviceOptions&,
                            const WeightInfo&) { return WeightLayout{}; },
        .layout_name = [](std::uint8_t) { return "as in the file"; },
        .workspace_bytes = workspace_bytes,
        .cache_type = [](DType) { return DType::f32; },
    };
    return backend;
}

}  // namespace lamina::reference
