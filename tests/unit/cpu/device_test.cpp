#include <catch2/catch.hpp>

#include "base/cpu_count.hpp"
#include "cpu/kernels/linear_task.hpp"
#include "cpu/layout.hpp"
#include "cpu/ops/ops.hpp"
#include "cpu/weight.hpp"
#include "quant/packed.hpp"
#include "support/attention_case.hpp"
#include "support/expect_error.hpp"

using namespace lamina;
using cpu::Layout;
using cpu::layout_of;
using test::expect_error;
using test::Random;

namespace {

const DeviceInfo some_device{.name = "cpu", .backend = "cpu", .threads = 3};

backend::WeightInfo placed(DType type, std::uint64_t rows, std::uint64_t columns,
                           const backend::DeviceOptions& options = {}) {
    backend::WeightInfo weight{.name = "w", .type = type, .rows = rows, .columns = columns};
    weight.layout = cpu::record().choose_layout(some_device, options, weight);
    return weight;
}

cpu::Workspace measure(const backend::Program& program, cpu::Isa isa, int threads) {
    return cpu::measure(program, cpu::Target::of(isa, threads));
}

}  // namespace

TEST_CASE("device: what it says about this machine", "[device]") {
    const auto all = cpu::record().devices();
    REQUIRE(all.size() == 1);
    const DeviceInfo& d = all[0];
    CHECK(d.name == "cpu");
    CHECK(d.backend == "cpu");
    CHECK(!d.description.empty());
    CHECK(d.memory_bytes > 0);
    CHECK(d.available_bytes <= d.memory_bytes);
    CHECK(d.threads == available_cpus());
    REQUIRE(d.isa.size() == cpu::detected().size());
    CHECK(d.isa[0] == "scalar");
}

TEST_CASE("device: forms and bytes of weights", "[device]") {
    for (const DType type : {DType::q4_1, DType::q6_k, DType::mxfp4}) {
        const auto w = placed(type, 33, 512);
        CHECK(layout_of(w) == Layout::packed);
        CHECK(w.layout.bytes == quant::PackedShape{quant::packed_kind(type), 33, 512}.bytes());
        const auto kept = placed(type, 33, 512, {.repack = false});
        CHECK(layout_of(kept) == Layout::file);
        CHECK(kept.layout.bytes == 0);
    }
    // Lattices would take several times their bytes.
    CHECK(layout_of(placed(DType::iq2_xxs, 33, 512)) == Layout::file);
    CHECK(placed(DType::iq2_xxs, 33, 512).layout.bytes == 0);
    for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
        CHECK(layout_of(placed(type, 2, 576)) == Layout::file);
        CHECK(placed(type, 2, 576).layout.bytes == 0);
        CHECK(layout_of(placed(type, 1, 576)) == Layout::f32);
        CHECK(placed(type, 1, 576).layout.bytes == 576 * 4);
    }
    CHECK(layout_of(placed(DType::q8_0, 1, 64)) == Layout::f32);
    CHECK(layout_of(placed(DType::i32, 4, 64)) == Layout::file);
    expect_error(ErrorCode::out_of_memory, {"w"}, [] { placed(DType::f32, 1, ~0ull); });
}

TEST_CASE("device: threads are the option's, else the device's", "[device]") {
    CHECK(cpu::threads_of(some_device, {}) == 3);
    CHECK(cpu::threads_of(some_device, {.threads = 5}) == 5);
    CHECK(cpu::threads_of(DeviceInfo{}, {}) == available_cpus());
    for (const int wrong : {-1, 1025, -2147483647 - 1, 2147483647}) {
        expect_error(ErrorCode::invalid_argument, {"threads", "0..1024", std::to_string(wrong)},
                     [wrong] { cpu::record().open(some_device, {.threads = wrong}); });
    }
}

TEST_CASE("device: an uploaded matrix is the packed one, whoever packs", "[device]") {
    Random random(5);
    const auto bytes = random.weights(DType::q4_1, 100 * 64, 0.1f);
    const auto info = placed(DType::q4_1, 100, 64);
    const quant::PackedShape shape{quant::packed_kind(DType::q4_1), 100, 64};
    const cpu::Allocation expected(shape.bytes(), "expected");
    quant::pack(DType::q4_1, bytes.data(), shape, 0, shape.panels(), expected.data());
    for (const int threads : {1, 3}) {
        const auto device = cpu::record().open(some_device, {.threads = threads});
        const auto weight = device->upload({.info = info, .bytes = bytes});
        const auto& held = dynamic_cast<const cpu::CpuWeight&>(*weight);
        CHECK(std::memcmp(held.data(), expected.data(), shape.bytes()) == 0);
    }
}

TEST_CASE("device: weights that cannot be are refused", "[device]") {
    const auto device = cpu::record().open(some_device, {});
    const std::vector<float> memory(1024);
    const auto bytes = std::as_bytes(std::span(memory));
    const auto good = placed(DType::f32, 4, 16);
    const auto weight = device->upload({.info = good, .bytes = bytes.first(256)});
    CHECK(dynamic_cast<const cpu::CpuWeight&>(*weight).data() == bytes.data());  // in place
    expect_error(ErrorCode::bad_file, {"'w'", "aligned to 4"},
                 [&] { device->upload({.info = good, .bytes = bytes.subspan(2, 256)}); });
    expect_error(ErrorCode::invalid_argument, {"'w'", "256 bytes", "255"},
                 [&] { device->upload({.info = good, .bytes = bytes.first(255)}); });
    expect_error(ErrorCode::unsupported, {"'w'"},
                 [&] { device->upload({.info = placed(DType::i32, 4, 16), .bytes = bytes.first(256)}); });
    expect_error(ErrorCode::invalid_argument, {"'w'", "blocks of 32"},
                 [&] { device->upload({.info = placed(DType::q8_0, 4, 33), .bytes = bytes.first(136)}); });
    auto other = good;
    other.layout.id = static_cast<std::uint8_t>(Layout::packed);
    expect_error(ErrorCode::invalid_argument, {"'w'", "layout", "packed"},
                 [&] { device->upload({.info = other, .bytes = bytes.first(256)}); });
}

TEST_CASE("device: buffers are zeroed, and an absurd one is an error", "[device]") {
    const auto device = cpu::record().open(some_device, {});
    const auto buffer = device->allocate(3u << 20);
    CHECK(buffer->bytes() == 3u << 20);
    const auto* data = dynamic_cast<const cpu::CpuBuffer&>(*buffer).data();
    CHECK(std::all_of(data, data + buffer->bytes(), [](std::byte b) { return b == std::byte{0}; }));
    expect_error(ErrorCode::out_of_memory, {"1152921504606846976 bytes"},
                 [&] { device->allocate(1ull << 60); });
}

TEST_CASE("device: rows for the matrix unit have a place in the workspace", "[device]") {
    backend::Program p;
    p.max_rows = p.max_outputs = 100;
    p.slots = {{.width = 8192}, {.width = 8192}};
    p.weights = {placed(DType::q4_k, 8192, 8192)};
    backend::Linear linear{
        .in = 0, .weight = 0, .out = 1, .input = backend::Precision::int8, .matrix_unit = true};
    p.ops = {linear};
    // Inputs once more, as bf16, and each thread's room: of the kernels, and for results of two matrices
    // until they are activated, 512 rows of 4 panels instead of 256 of one.
    const auto with = measure(p, cpu::Isa::amx, 3), without = measure(p, cpu::Isa::avx2, 3);
    CHECK(with.scratch_bytes == without.scratch_bytes + 100 * 8192 * 2 + cpu::tile_bytes +
                                    3 * cpu::tile_scratch_bytes +
                                    3 * 2 * (512 * 4 - 256) * 16 * sizeof(float));
    linear.matrix_unit = false;
    p.ops = {linear};
    CHECK(measure(p, cpu::Isa::amx, 3).bytes == without.bytes);
}

TEST_CASE("device: the workspace holds slots, rotary tables and scratch", "[device]") {
    backend::Program p;
    p.max_rows = 10;
    p.max_outputs = 2;
    p.max_position = 2000;
    p.slots = {{.width = 33}, {.width = 100, .rows = backend::Rows::outputs}};
    const auto slots = std::uint64_t{10 * 33 * 4 + 24} + (2 * 100 * 4 + 32);  // each a multiple of 64
    CHECK(measure(p, cpu::Isa::scalar, 2).bytes == slots);
    p.ropes = {{.pairing = backend::RopePairing::halves, .inverse_frequencies = std::vector<float>(8)},
               {.pairing = backend::RopePairing::interleaved, .inverse_frequencies = std::vector<float>(8)}};
    CHECK(measure(p, cpu::Isa::scalar, 2).bytes == slots + 10 * 16 * 4 + 10 * 32 * 4);
    p.caches = {{.layers = 1, .pages = 1, .kv_heads = 2, .key_dim = 64, .value_dim = 64}};
    p.slots.push_back({.width = 4 * 64});
    p.ops = {backend::Attention{.query = 2, .out = 2, .group = 0, .layer = 0, .heads = 4, .scale = 1.0f}};
    const auto one = measure(p, cpu::Isa::scalar, 1), two = measure(p, cpu::Isa::scalar, 2);
    CHECK(one.scratch_bytes > 0);
    CHECK(two.scratch_bytes ==
          2 * one.scratch_bytes);  // blocks and parts of long contexts both grow with the threads
    CHECK(cpu::record().workspace_bytes(some_device, {.threads = 2}, p) == two.bytes);
    p.max_rows = p.max_outputs = ~0u;
    p.slots.assign(5, {.width = ~0u});
    expect_error(ErrorCode::out_of_memory, {"slots", "2^64"}, [&] { measure(p, cpu::Isa::scalar, 1); });
}

TEST_CASE("device: a program and what it is bound to must agree", "[device]") {
    test::OpCase c(2);
    const auto x = c.input(8, std::vector<float>(16));
    c.program.ops.push_back(backend::Scale{.x = x});
    const auto device = cpu::record().open(some_device, {});
    auto program = c.program;
    program.weights[0].layout = cpu::record().choose_layout(some_device, {}, program.weights[0]);
    const auto weight = device->upload({.info = program.weights[0], .bytes = c.weights[0]});
    const auto workspace = device->allocate(cpu::record().workspace_bytes(some_device, {}, program));
    CHECK_NOTHROW(device->compile(program, {weight}, {}, workspace));
    expect_error(ErrorCode::invalid_argument, {"workspace", std::to_string(workspace->bytes())},
                 [&] { device->compile(program, {weight}, {}, device->allocate(workspace->bytes() - 1)); });
    expect_error(ErrorCode::invalid_argument, {"weights", "1", "0"},
                 [&] { device->compile(program, {}, {}, workspace); });
    expect_error(ErrorCode::invalid_argument, {"caches", "0", "1"},
                 [&] { device->compile(program, {weight}, {device->allocate(64)}, workspace); });
    auto other = program;
    other.weights[0].columns = 4;
    expect_error(ErrorCode::invalid_argument, {"weight 0", "shape"},
                 [&] { device->compile(other, {weight}, {}, workspace); });
    other = program;
    other.logits = 7;
    expect_error(ErrorCode::invalid_argument, {"logits", "7"},
                 [&] { device->compile(other, {weight}, {}, workspace); });
    other = program;
    other.caches = {{.layers = 1, .pages = 4, .kv_heads = 1, .key_dim = 8, .value_dim = 8}};
    expect_error(ErrorCode::invalid_argument, {"cache 0", "4096 bytes", "4095"},
                 [&] { device->compile(other, {weight}, {device->allocate(4095)}, workspace); });
    const auto foreign = reference::record().open(reference::record().devices()[0], {});
    expect_error(ErrorCode::invalid_argument, {"weight 0", "this device"}, [&] {
        device->compile(program, {foreign->upload({.info = program.weights[0], .bytes = c.weights[0]})}, {},
                        workspace);
    });
}
