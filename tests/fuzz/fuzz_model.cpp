// A whole load and one token, from a file in memory: reader, configuration, vocabulary, template, plan,
// upload, one step on either backend. The same way as Model::load, with a small plan and one thread.
#include <array>
#include <cmath>

#include "api/describe.hpp"
#include "api/vocabulary.hpp"
#include "exec/executor.hpp"
#include "format/gguf/gguf.hpp"
#include "fuzz/harness.hpp"
#include "model/model.hpp"
#include "plan/plan.hpp"
#include "text/template.hpp"
#include "text/tokenizer.hpp"

namespace lamina::fuzz {
namespace {

struct Target {
    const backend::Backend* backend;
    DeviceInfo device;
};

// Devices are asked for once: they look at the machine. What a plan may take is little, so that a file that
// asks for much is refused by it.
const Target& target(std::size_t choice) {
    static const std::array<Target, 2> targets = [] {
        std::array<Target, 2> out = {
            {{&backend::find_backend("reference"), {}}, {&backend::find_backend("cpu"), {}}}};
        for (auto& t : out) {
            t.device = t.backend->devices().front();
            t.device.available_bytes = std::uint64_t{16} << 20;
        }
        return out;
    }();
    return targets[choice % targets.size()];
}

void run_one_token(const format::ModelFile& file, const model::Model& network, std::size_t choice) {
    const auto& [backend, device] = target(choice);
    const backend::DeviceOptions options = {.threads = 1, .pin_threads = false};
    const plan::Workload workload = {.context = 8, .sequences = 1, .batch_tokens = 2, .logit_rows = 2};
    auto plan = plan::make_plan(network, *backend, device, options, workload);
    const auto planned = plan.summary.total_bytes();
    require(planned <= device.available_bytes, "a plan keeps to the memory");
    exec::Executor executor(file, std::move(plan), options, {});
    const auto lease = executor.lease();
    const std::array<std::int32_t, 2> tokens = {0, static_cast<std::int32_t>(network.config.vocabulary - 1)};
    const auto part = lease.begin_step().add({lease.sequences().open(),
                                              std::span(tokens).first(executor.context() > 1 ? 2 : 1),
                                              exec::Outputs::all, exec::RowClass::prefill});
    require(lease.logits().size() == std::size_t{part.tokens} * network.config.vocabulary,
            "a row of logits for each token");
}

void load(const format::ModelFile& file, std::size_t choice) {
    const auto network = model::read_model(file);
    describe(file, network);
    accepted([&] {
        auto vocabulary = read_vocabulary(file);
        if (vocabulary) text::Tokenizer(std::move(*vocabulary)).encode("Hello, world", true);
    });
    accepted([&] {
        const auto source = file.string("tokenizer.chat_template");
        if (source) text::Template parsed(*source);
    });
    run_one_token(file, network, choice);
}

}  // namespace
}  // namespace lamina::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lamina;
    fuzz::accepted([&] {
        const auto file = format::gguf::read_file({"fuzz.gguf", fuzz::input_file(data, size)});
        fuzz::load(file, data[size - 1]);
    });
    return 0;
}
