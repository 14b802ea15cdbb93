#include <catch2/catch.hpp>

#include "support/attention_case.hpp"
#include "support/expect_error.hpp"

using namespace lamina;
using test::AttentionCase;
using test::AttentionShape;
using test::Sequence;

namespace {

using Steps = std::vector<std::vector<test::Piece>>;

// The outputs of every step, one after the other.
std::vector<float> outputs(const backend::Backend& backend, const AttentionCase& c, const Steps& steps,
                           const backend::DeviceOptions& options = {.threads = 1}) {
    test::Bound bound(backend, c.ops, options);
    if (backend.name == "cpu") test::poison(bound);
    std::vector<float> all;
    for (const auto& step : steps) {
        bound.run(step);
        const auto out = bound.read(c.out);
        all.insert(all.end(), out.begin(), out.end());
    }
    return all;
}

std::string text(const AttentionShape& s) {
    return std::to_string(s.heads) + "/" + std::to_string(s.kv_heads) + " heads, " +
           std::to_string(s.key_dim) + "/" + std::to_string(s.value_dim) + ", " +
           std::string(info(s.type).name) + ", window " + std::to_string(s.window);
}

std::vector<cpu::Isa> attention_isas() {
    auto out = test::float_isas();
    for (const cpu::Isa isa : {cpu::Isa::avx512_bf16, cpu::Isa::amx}) {
        if (cpu::usable(isa, cpu::detected().back())) out.push_back(isa);
    }
    return out;
}

void compare(const AttentionShape& s, std::uint32_t tokens, std::uint32_t pages, const Steps& steps) {
    std::uint32_t rows = 0;
    for (const auto& step : steps) {
        std::uint32_t count = 0;
        for (const auto& piece : step) count += static_cast<std::uint32_t>(piece.tokens.size());
        rows = std::max(rows, count);
    }
    const AttentionCase rounded(s, tokens, rows, pages, true);
    AttentionCase plain(s, tokens, rows, pages, false);
    const auto expected = outputs(reference::record(), rounded, steps);
    for (const cpu::Isa isa : attention_isas()) {
        const test::ForcedIsa forced(to_string(isa));
        for (const auto prefill : {backend::Precision::f32, backend::Precision::bf16}) {
            if (prefill == backend::Precision::bf16 && isa < cpu::Isa::avx512_bf16)
                continue;  // the same kernels
            plain.attention().prefill = prefill;
            const auto with = [&](int threads) {
                return outputs(cpu::record(), plain, steps, {.threads = threads});
            };
            const auto one = with(1);
            // Rows of a prompt are rounded to bf16 then: to 8 bits of mantissa.
            const bool rounded = prefill == backend::Precision::bf16;
            INFO(to_string(isa) << ", " << text(s));
            CHECK(test::relative_error(one, expected) <= (rounded ? 6e-3 : 1e-5));
            CHECK(test::same_bits(one, with(2)));
            CHECK(test::same_bits(one, with(7)));
        }
    }
}

// A prompt, a second chunk that begins inside a page, some single tokens.
Steps one_sequence(const Sequence& s, std::uint32_t prompt, std::uint32_t chunk) {
    Steps steps = {{s.piece(0, prompt)}, {s.piece(prompt, chunk)}};
    for (std::uint32_t i = 0; i < 3; ++i) steps.push_back({s.piece(prompt + chunk + i, 1)});
    return steps;
}

}  // namespace

TEST_CASE("attention: head sizes, grouped heads and cache types", "[attention]") {
    for (const DType type : {DType::f32, DType::f16, DType::bf16, DType::q8_0}) {
        for (AttentionShape s : {AttentionShape{1, 1, 16, 16},
                                 {2, 2, 48, 48},
                                 {9, 3, 64, 64},
                                 {4, 2, 80, 80},
                                 {4, 1, 256, 256},
                                 {3, 1, 24, 40},
                                 {2, 1, 7, 5},
                                 {40, 1, 16, 16},
                                 {34, 2, 16, 33}}) {
            s.type = type;
            test::PagePool pool(8);
            compare(s, 80, 8, one_sequence({.table = pool.take(80)}, 37, 20));
        }
    }
}

TEST_CASE("attention: prompts of many lengths", "[attention]") {
    for (const std::uint32_t prompt : {1u, 2u, 15u, 31u, 32u, 33u, 64u, 255u, 300u}) {
        test::PagePool pool(16);
        INFO("prompt of " << prompt);
        compare({.heads = 6, .kv_heads = 2, .key_dim = 32, .value_dim = 32, .type = DType::f16}, 400, 16,
                one_sequence({.table = pool.take(400)}, prompt, 9));
    }
}

TEST_CASE("attention: windows, smaller than a page too, with released pages", "[attention]") {
    for (const std::uint32_t window : {1u, 5u, 32u, 33u, 100u, 300u}) {
        test::PagePool pool(24);
        compare(
            {.heads = 4, .kv_heads = 2, .key_dim = 16, .value_dim = 16, .type = DType::f16, .window = window},
            700, 24, one_sequence({.table = pool.take(700), .window = window}, 340, 200));
    }
}

TEST_CASE("attention: sinks and soft caps", "[attention]") {
    for (const float softcap : {0.0f, 0.5f, 20.0f}) {
        for (const bool sinks : {false, true}) {
            test::PagePool pool(20);
            AttentionShape s{.heads = 6, .kv_heads = 2, .key_dim = 64, .value_dim = 64, .type = DType::f16};
            s.softcap = softcap;
            s.sinks = sinks;
            INFO("softcap " << softcap << (sinks ? ", sinks" : ""));
            compare(s, 320, 20, one_sequence({.table = pool.take(320)}, 33, 270));
        }
    }
}

TEST_CASE("attention: sequences at different positions in one step", "[attention]") {
    test::PagePool pool(64);
    const Sequence a{.first_token = 0, .table = pool.take(700)},
        b{.first_token = 700, .table = pool.take(64)}, c{.first_token = 764, .table = pool.take(40)},
        d{.first_token = 804, .table = pool.take(600)};
    const Steps steps = {{a.piece(0, 600), c.piece(0, 3)},
                         {a.piece(600, 1), b.piece(0, 17), c.piece(3, 1), d.piece(0, 290)},
                         {a.piece(601, 1), b.piece(17, 1), c.piece(4, 1), d.piece(290, 1)},
                         {d.piece(291, 5), a.piece(602, 40)}};
    for (const DType type : {DType::f32, DType::f16}) {
        compare({.heads = 9, .kv_heads = 3, .key_dim = 64, .value_dim = 64, .type = type}, 1404, 64, steps);
    }
}

TEST_CASE("attention: invariant, the same bits alone and among others, in one piece and in many",
          "[attention]") {
    const AttentionShape shape{.heads = 6,
                               .kv_heads = 2,
                               .key_dim = 48,
                               .value_dim = 48,
                               .type = DType::f16,
                               .softcap = 30.0f,
                               .sinks = true};
    constexpr std::uint32_t length = 620, others = 12;
    test::PagePool pool(64);
    const Sequence s{.first_token = 0, .table = pool.take(length)};
    std::vector<Sequence> mates;
    for (std::uint32_t i = 0; i < others; ++i)
        mates.push_back({.first_token = 620 + 10 * static_cast<std::int32_t>(i), .table = pool.take(10)});
    AttentionCase c(shape, 800, length + others, 64, false);
    c.ops.program.row_invariant = true;
    const std::uint32_t width = shape.heads * shape.value_dim;
    const backend::DeviceOptions options{.threads = 2};

    for (const cpu::Isa isa : test::float_isas()) {
        INFO(to_string(isa));
        const test::ForcedIsa forced(to_string(isa));
        const auto whole = outputs(cpu::record(), c, {{s.piece(0, length)}}, options);
        Steps single, chunked, shared;
        for (std::uint32_t p = 0; p < length; ++p) single.push_back({s.piece(p, 1)});
        for (std::uint32_t p = 0; p < length; p += 124) chunked.push_back({s.piece(p, 124)});
        // Few units cut a long context into spans; the twelve others make many units: then it is not cut.
        CHECK(test::same_bits(whole, outputs(cpu::record(), c, single, options)));
        CHECK(test::same_bits(whole, outputs(cpu::record(), c, chunked, options)));
        for (const auto& mate : mates) shared.push_back({mate.piece(0, 9), s.piece(0, length - 1)});
        shared.push_back({s.piece(length - 1, 1)});
        for (const auto& mate : mates) shared.back().push_back(mate.piece(9, 1));
        const auto all = outputs(cpu::record(), c, shared, options);
        const std::vector<float> last(whole.end() - width, whole.end());
        const auto at = all.end() - static_cast<std::ptrdiff_t>(width) * (others + 1);
        CHECK(test::same_bits(last, {at, at + width}));
    }
}

TEST_CASE("attention: a row of a prompt has the same bits in whatever chunk and company", "[attention]") {
    constexpr std::uint32_t length = 620;
    test::PagePool pool(40);
    const Sequence s{.first_token = 0, .table = pool.take(length)},
        other{.first_token = 620, .table = pool.take(300)};
    AttentionCase c({.heads = 6, .kv_heads = 2, .key_dim = 40, .value_dim = 24, .type = DType::q8_0}, 920,
                    920, 40, false);
    c.attention().prefill = backend::Precision::bf16;
    auto lonely = s.piece(9, 1);
    lonely.prefill = true;
    const Steps chunked = {
        {s.piece(0, 2)}, {s.piece(2, 7)}, {lonely}, {s.piece(10, 299)}, {s.piece(309, 311)}};
    for (const cpu::Isa isa : attention_isas()) {
        INFO(to_string(isa));
        const test::ForcedIsa forced(to_string(isa));
        const backend::DeviceOptions options{.threads = 2};
        const auto whole = outputs(cpu::record(), c, {{s.piece(0, length)}}, options);
        CHECK(test::same_bits(whole, outputs(cpu::record(), c, chunked, options)));
        auto beside = outputs(cpu::record(), c, {{s.piece(0, length), other.piece(0, 300)}}, options);
        beside.resize(whole.size());
        CHECK(test::same_bits(whole, beside));
    }
}

TEST_CASE("attention: a fault in one sequence stays there", "[attention]") {
    test::PagePool pool(8);
    const Sequence a{.first_token = 0, .table = pool.take(40)}, b{.first_token = 40, .table = pool.take(40)};
    AttentionCase c({.heads = 2, .kv_heads = 1, .key_dim = 16, .value_dim = 16, .type = DType::f16}, 80, 80,
                    8, false);
    c.ops.storage[2][50 * 16] = std::nanf("");  // a value of the second sequence
    const auto got = outputs(cpu::record(), c, {{a.piece(0, 40), b.piece(0, 40)}}, {.threads = 2});
    const std::vector<float> first(got.begin(), got.begin() + 40 * 32);
    CHECK(test::same_bits(first, outputs(cpu::record(), c, {{a.piece(0, 40)}})));
    CHECK(std::isnan(got[(40 + 10) * 32]));
}

TEST_CASE("attention: what contradicts the cache is refused", "[attention]") {
    const auto refused = [](auto change, std::initializer_list<std::string_view> words) {
        AttentionCase c({.heads = 4, .kv_heads = 2}, 4, 4, 1, false);
        change(c.ops.program);
        test::expect_error(ErrorCode::invalid_argument, words,
                           [&] { test::Bound bound(cpu::record(), c.ops); });
    };
    refused([](auto& p) { std::get<backend::Attention>(p.ops.back()).heads = 3; },
            {"attention", "multiples of 2", "3"});
    refused([](auto& p) { std::get<backend::Attention>(p.ops.back()).heads = 6; },
            {"attention", "heads", "64"});
    refused([](auto& p) { std::get<backend::Attention>(p.ops.back()).layer = 2; }, {"attention", "below 2"});
    refused([](auto& p) { std::get<backend::Attention>(p.ops.back()).group = 1; }, {"attention", "below 1"});
    refused([](auto& p) { std::get<backend::StoreKv>(p.ops[3]).values = 0; }, {"store_kv", "wide"});
    refused([](auto& p) { std::get<backend::Attention>(p.ops.back()).prefill = backend::Precision::int8; },
            {"attention", "f32", "int8"});
    refused(
        [](auto& p) {
            std::get<backend::Attention>(p.ops.back()).prefill = backend::Precision::bf16;
            p.row_invariant = true;
        },
        {"attention", "f32", "bf16"});
    refused([](auto& p) { p.caches[0].type = DType::q4_0; }, {"store_kv", "f16", "q4_0"});
}
