#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "lamina/error.hpp"
#include "lamina/limits.hpp"
#include "lamina/model.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_model.hpp"

using namespace lamina;
using test::expect_error;
using test::TinyModel;

namespace {

struct OnDisk {
    test::TemporaryDirectory directory;
    std::string path = directory / "model.gguf";
    explicit OnDisk(const test::TinyShape& shape) { TinyModel(shape).writer.write(path); }
};

std::uint64_t bytes_of(const Plan& plan, std::string_view name) {
    for (const auto& buffer : plan.buffers) {
        if (buffer.name.starts_with(name)) return buffer.bytes;
    }
    FAIL("no buffer " << name);
    return 0;
}

}  // namespace

TEST_CASE("plan: the KV cache is exactly what the geometry says") {
    const OnDisk model({.layers = 3, .kv_heads = 2, .head_dim = 16, .context = 256});
    const auto plan =
        make_plan(model.path, {.context = 100, .sequences = 3, .backend = "cpu", .cache = CacheType::f16});
    // 100 tokens are 4 pages of 32; keys and values of 2 heads x 16 values of 2 bytes.
    CHECK(bytes_of(plan, "kv cache, all tokens") == 3ull * 3 * 4 * 32 * (2 * 16 * 2 * 2));
    CHECK(plan.context == 100);
    const auto wide =
        make_plan(model.path, {.context = 100, .sequences = 3, .backend = "cpu", .cache = CacheType::f32});
    CHECK(bytes_of(wide, "kv cache, all tokens") == 2 * bytes_of(plan, "kv cache, all tokens"));
    // Heads of 16 values take a whole block of 34 bytes.
    const auto small =
        make_plan(model.path, {.context = 100, .sequences = 3, .backend = "cpu", .cache = CacheType::q8_0});
    CHECK(bytes_of(small, "kv cache, all tokens") == 3ull * 3 * 4 * 32 * (2 * 34 * 2));
}

TEST_CASE("plan: a small KV cache is f32 where nobody asked for a type, a large one f16") {
    // A page of a layer takes 32 tokens x 2 heads x 2 x 16 values x 4 bytes = 8 KiB: 2^13 of them are 64 MiB.
    const OnDisk model({.layers = 2, .kv_heads = 2, .head_dim = 16, .context = 1u << 17});
    const auto bytes = [&](std::uint32_t context) {
        return bytes_of(make_plan(model.path, {.context = context, .backend = "cpu"}),
                        "kv cache, all tokens");
    };
    CHECK(bytes(1u << 17) == 64ull << 20);
    const OnDisk larger({.layers = 3, .kv_heads = 2, .head_dim = 16, .context = 1u << 17});
    const auto plan = make_plan(larger.path, {.context = 1u << 17, .backend = "cpu"});
    CHECK(bytes_of(plan, "kv cache, all tokens") == 48ull << 20);
}

TEST_CASE("plan: a windowed group needs no more than its window and a step") {
    const OnDisk model({.architecture = "gemma3", .layers = 7, .context = 256, .window = 32});
    const auto plan = make_plan(model.path, {.context = 256, .batch_tokens = 32, .backend = "reference"});
    // Window: 2 pages held, 1 + 1 added by a step of 32 rows; all tokens: 8 pages.
    CHECK(bytes_of(plan, "kv cache, window 32") == 6ull * 4 * 32 * (2 * 16 * 2 * 4));
    CHECK(bytes_of(plan, "kv cache, all tokens") == 1ull * 8 * 32 * (2 * 16 * 2 * 4));
}

TEST_CASE("plan: the context is never longer than the model was trained for") {
    const OnDisk model({.context = 256});
    CHECK(make_plan(model.path, {.context = 100000}).context == 256);
    CHECK(make_plan(model.path, {.context = 0}).context == 256);
}

TEST_CASE("plan: options beyond their ranges are refused with the ranges") {
    const OnDisk model({.context = 256});
    const auto up_to = [](int low, auto most) { return std::to_string(low) + ".." + std::to_string(most); };
    const auto refused = [&](const char* option, const std::string& range, const ModelOptions& options) {
        expect_error(ErrorCode::invalid_argument, {option, range}, [&] { make_plan(model.path, options); });
    };
    refused("context", up_to(1, max_context) + " tokens", {.context = max_context + 1});
    refused("sequences", up_to(1, max_sequences), {.sequences = max_sequences + 1});
    refused("batch_tokens", up_to(1, max_batch_tokens), {.batch_tokens = max_batch_tokens + 1});
    refused("threads", up_to(0, max_threads), {.threads = max_threads + 1});
    CHECK(make_plan(model.path, {.context = max_context, .threads = max_threads}).context == 256);
    const OnDisk long_context({.context = max_context});
    expect_error(ErrorCode::invalid_argument, {"sequences", "at most " + std::to_string(max_positions)},
                 [&] { make_plan(long_context.path, {.context = max_context, .sequences = 3}); });
}

TEST_CASE("plan: both documents state the ranges of the options as they are") {
    for (const char* header : {"lamina/model.hpp", "lamina/c/model_options.h"}) {
        std::ifstream file(std::string(LAMINA_TEST_DATA "/../../include/") + header);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        CAPTURE(header);
        for (const std::string& stated :
             {"can hold; 1.." + std::to_string(max_context),
              "alive at once; 1.." + std::to_string(max_sequences),
              "chunks of this size; tokens, 1.." + std::to_string(max_batch_tokens),
              "that compute; 1.." + std::to_string(max_threads),
              "together hold at most " + std::to_string(max_positions)})
            CHECK_THAT(text, Catch::Contains(stated));
    }
}

TEST_CASE("plan: what does not fit is refused with the numbers and what would help") {
    const OnDisk model({.context = 1u << 20});
    expect_error(ErrorCode::out_of_memory, {"cpu", "1.0 MB", "smaller context"}, [&] {
        make_plan(model.path, {.context = 1u << 20, .sequences = 16, .devices = {"cpu,mem=1MB"}});
    });
}

TEST_CASE("plan: a cache whose size would wrap is refused") {
    // 2^14 heads of 2^14 values over 2^30 tokens and 16 layers are 2^64 bytes: nothing, if nobody looked.
    test::TemporaryDirectory directory;
    const auto path = directory / "model.gguf";
    test::GgufWriter writer;
    writer.set("general.architecture", "llama")
        .set("llama.block_count", 1u)
        .set("llama.context_length", 1u << 30);
    writer.set("llama.embedding_length", 1u)
        .set("llama.feed_forward_length", 1u)
        .set("llama.attention.head_count", 1u << 14);
    writer.set("llama.attention.key_length", 16u).set("llama.attention.value_length", 16u);
    writer.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    const std::uint64_t heads = std::uint64_t{1} << 18;
    const auto f16 = [](std::uint64_t rows, std::uint64_t columns) {
        return std::vector<std::uint16_t>(rows * columns);
    };
    const auto add = [&](std::string name, std::uint64_t rows, std::uint64_t columns) {
        writer.tensor(std::move(name), DType::f16, {rows, columns}, f16(rows, columns));
    };
    add("token_embd.weight", 4, 1);
    for (const char* name : {"blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight"})
        add(name, heads, 1);
    add("blk.0.attn_output.weight", 1, heads);
    for (const char* name : {"blk.0.ffn_gate.weight", "blk.0.ffn_up.weight", "blk.0.ffn_down.weight"})
        add(name, 1, 1);
    for (const char* name : {"output_norm.weight", "blk.0.attn_norm.weight", "blk.0.ffn_norm.weight"}) {
        writer.tensor(name, DType::f32, {1}, std::vector<float>{1});
    }
    writer.write(path);
    for (std::string backend : {"cpu", "reference"}) {
        expect_error(ErrorCode::out_of_memory, {"KV cache"},
                     [&] { make_plan(path, {.context = 1u << 30, .backend = backend}); });
    }
}

TEST_CASE("plan: options that cannot be meant are refused by name") {
    const OnDisk model({});
    const auto refuse = [&](ModelOptions options, std::string_view word) {
        expect_error(ErrorCode::invalid_argument, {word}, [&] { make_plan(model.path, options); });
    };
    refuse({.sequences = 0}, "sequences");
    refuse({.sequences = 70000}, "sequences");
    refuse({.batch_tokens = 0}, "batch_tokens");
    refuse({.batch_tokens = 8, .logit_rows = 9}, "logit_rows");
    refuse({.devices = {"gpu"}}, "gpu");
    refuse({.devices = {"cpu,mem=-3GB"}}, "mem");
    refuse({.devices = {"cpu,mem=inf"}}, "mem");
    refuse({.devices = {"cpu,colour=red"}}, "colour");
    refuse({.devices = {"cpu", "cpu"}}, "devices");
    refuse({.backend = "abacus"}, "reference");
    refuse({.threads = -1}, "threads");
    refuse({.threads = 1 << 20}, "threads");
}

TEST_CASE("plan: settings of a device that state no positive rate are refused by name") {
    const OnDisk model({});
    for (std::string setting :
         {"bw=fast",       "bw=",        "bw",          "bw=145GB", "bw=145G/s",   "bw=145 GB/s",
          "bw=0",          "dram=0GB/s", "dram=-1GB/s", "dram=nan", "dram=inf",    "link=1e308TB/s",
          "link=25GB/s/s", "link=1e999", "flops=-2T",   "flops=2X", "flops=2TB/s", "mem=0.5",
          "mem=24GB/s",    "mem=1e30",   "mem=nan",     ""}) {
        INFO(setting);
        const auto spec = "cpu,mem=1GiB," + setting;
        expect_error(ErrorCode::invalid_argument, {"device", setting},
                     [&] { make_plan(model.path, {.devices = {spec}}); });
    }
}

TEST_CASE("plan: shows what is stated of a device, and nothing where nothing is") {
    const OnDisk model({});
    const auto silent = make_plan(model.path, {.devices = {"cpu"}});
    CHECK(silent.devices[0].stated.read_bytes_per_s == 0);
    CHECK_THAT(silent.table() + silent.json(), !Catch::Contains("stated"));

    const auto plan =
        make_plan(model.path, {.devices = {"cpu,mem=512GiB,bw=145GB/s,dram=175e9,link=1.5MiB/s,flops=2T"}});
    const DeviceInfo& device = plan.devices.at(0);
    CHECK(device.available_bytes == std::uint64_t{512} << 30);
    CHECK(device.stated.read_bytes_per_s == 145e9);
    CHECK(device.stated.memory_bytes_per_s == 175e9);
    CHECK(device.stated.link_bytes_per_s == 1.5 * 1048576);
    CHECK(device.stated.operations_per_s == 2e12);
    CHECK_THAT(plan.table(),
               Catch::Contains("stated: reads 145.0 GB/s, memory in all 175.0 GB/s, link 1.6 MB/s, "
                               "computes 2.0 TFLOP/s\n"));
    const auto json = nlohmann::json::parse(plan.json());
    const auto expected = nlohmann::json{{"read_bytes_per_s", 145e9},
                                         {"memory_bytes_per_s", 175e9},
                                         {"link_bytes_per_s", 1572864.0},
                                         {"operations_per_s", 2e12}};
    CHECK(json["devices"][0]["stated"] == expected);
    const auto some = make_plan(model.path, {.devices = {"cpu,flops=50T"}});
    CHECK(nlohmann::json::parse(some.json())["devices"][0]["stated"] ==
          nlohmann::json{{"operations_per_s", 5e13}});
}

TEST_CASE("plan: prints as a table and as JSON with the same bytes") {
    const OnDisk model({});
    const auto plan = make_plan(model.path, {.backend = "cpu"});
    const auto json = nlohmann::json::parse(plan.json());
    std::uint64_t sum = 0;
    for (const auto& buffer : json["buffers"]) sum += buffer["bytes"].get<std::uint64_t>();
    CHECK(sum == plan.total_bytes());
    CHECK(json["total_bytes"] == plan.total_bytes());
    CHECK_THAT(plan.table(),
               Catch::Contains(std::to_string(plan.total_bytes())) && Catch::Contains("workspace"));
}

TEST_CASE("plan: a loaded model has the plan that was made from its header") {
    for (std::string backend : {"cpu", "reference"}) {
        const OnDisk model({.type = DType::q8_0});
        const ModelOptions options{.context = 64, .sequences = 2, .backend = backend};
        const auto planned = make_plan(model.path, options);
        const auto loaded = Model::load(model.path, options);
        CHECK(planned.total_bytes() == loaded.plan().total_bytes());
        CHECK(planned.mapped_bytes() == loaded.plan().mapped_bytes());
    }
}
