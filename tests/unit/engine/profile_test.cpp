// Times of ops, as a host sees them.
#include <algorithm>
#include <catch2/catch.hpp>

#include "golden/tiny_case.hpp"

using namespace lamina;

namespace {

constexpr std::uint64_t steps = 3;

void decode(const Model& model) {
    Session session(model);
    const auto id = session.open();
    const TokenId token = 1;
    const SequenceTokens item{id, {&token, 1}, WantedLogits::last};
    for (std::uint64_t i = 0; i < steps; ++i) session.forward({&item, 1}, {});
}

const OpTime* find(const std::vector<OpTime>& profile, const std::string& op) {
    const auto at = std::find_if(profile.begin(), profile.end(), [&](const OpTime& t) { return t.op == op; });
    return at == profile.end() ? nullptr : &*at;
}

}  // namespace

TEST_CASE("self-knowledge: a profile has the time of every op since it was last taken") {
    const auto model = Model::load(test::tiny_folder + "mixtral.gguf", {.backend = "cpu", .profile = true});
    const std::uint64_t layers = model.info().layers;
    CHECK(model.take_profile().empty());
    decode(model);
    const auto profile = model.take_profile();
    for (const OpTime& time : profile) {
        CAPTURE(time.op);
        CHECK(time.runs > 0);
        CHECK(time.runs % steps == 0);
        CHECK(time.seconds > 0);
    }
    const auto runs = [&](const std::string& op) {
        const auto* time = find(profile, op);
        return time == nullptr ? 0 : time->runs;
    };
    CHECK(runs("embed") == steps);
    CHECK(runs("norm attn_norm") == steps * layers);
    CHECK(runs("linear attn_q + attn_k + attn_v") == steps * layers);
    CHECK(runs("attention") == steps * layers);
    CHECK(runs("route: sort") == steps * layers);
    const auto* output = find(profile, "linear output");
    REQUIRE(output != nullptr);
    const auto& info = model.info();
    CHECK(output->weight_bytes == steps * info.vocabulary * info.embedding * sizeof(std::uint16_t));
    CHECK(model.take_profile().empty());
    decode(model);
    CHECK(model.take_profile().size() == profile.size());
}

TEST_CASE("self-knowledge: no profile unless it is asked for, nor from the reference backend") {
    for (const auto& options :
         {ModelOptions{.backend = "cpu"}, ModelOptions{.backend = "reference", .profile = true}}) {
        const auto model = Model::load(test::tiny_folder + "llama.gguf", options);
        decode(model);
        CHECK(model.take_profile().empty());
    }
}

TEST_CASE("self-knowledge: the device of a model is measured") {
    const auto model = Model::load(test::tiny_folder + "llama.gguf", {.backend = "cpu"});
    const DeviceSpeed speed = model.measure_device();
    CHECK(speed.read_bytes_per_s > 0);
    CHECK(speed.int8_operations_per_s > 0);
    CHECK(speed.f32_operations_per_s > 0);
    const auto reference = Model::load(test::tiny_folder + "llama.gguf", {.backend = "reference"});
    CHECK(reference.measure_device().read_bytes_per_s == 0);
}

TEST_CASE("self-knowledge: a file tells how many weights a token meets") {
    // Everything but the embedding table, of which one row, and of the experts 2 in 4.
    const auto info = inspect(test::tiny_folder + "mixtral.gguf");
    CHECK(info.weights_per_token > 0);
    CHECK(info.weights_per_token < info.parameters);
    // Its matrices are f16, its norms f32.
    CHECK(info.weight_bytes_per_token >= 2 * info.weights_per_token);
    CHECK(info.weight_bytes_per_token < 3 * info.weights_per_token);
}
