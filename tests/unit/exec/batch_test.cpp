// Several sequences in one step give what each gives alone.
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "lamina/session.hpp"
#include "support/expect_error.hpp"
#include "support/isa.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_model.hpp"

using namespace lamina;
using test::expect_error;
using test::TinyModel;
using test::TinyShape;

namespace {

using Logits = std::vector<std::vector<float>>;  // by position

Model load(const TinyShape& shape, ModelOptions options) {
    const test::TemporaryDirectory directory;
    const auto path = directory / "model.gguf";
    TinyModel(shape).writer.write(path);
    options.load = LoadMode::read;
    return Model::load(path, options);
}

std::vector<TokenId> random_tokens(test::Random& random, std::size_t count, std::uint32_t vocabulary) {
    std::vector<TokenId> out(count);
    for (auto& t : out) t = static_cast<TokenId>(random.below(vocabulary));
    return out;
}

// All logits of one sequence fed in portions.
Logits alone(const Model& model, std::span<const TokenId> tokens, const std::vector<std::size_t>& portions) {
    Session session(model);
    const auto id = session.open();
    Logits out;
    for (const std::size_t portion : portions) {
        const SequenceTokens item{id, tokens.first(portion), WantedLogits::all};
        session.forward({&item, 1}, [&](std::size_t, std::size_t, std::span<const float> row) {
            out.emplace_back(row.begin(), row.end());
        });
        tokens = tokens.subspan(portion);
    }
    return out;
}
Logits alone(const Model& model, std::span<const TokenId> tokens, std::size_t chunk) {
    std::vector<std::size_t> portions(tokens.size() / chunk, chunk);
    if (tokens.size() % chunk != 0) portions.push_back(tokens.size() % chunk);
    return alone(model, tokens, portions);
}

double distance(const Logits& a, const Logits& b) {
    REQUIRE(a.size() == b.size());
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (std::size_t j = 0; j < a[i].size(); ++j) {
            difference += std::pow(static_cast<double>(a[i][j]) - static_cast<double>(b[i][j]), 2);
            size += std::pow(static_cast<double>(a[i][j]), 2);
        }
    }
    return std::sqrt(difference / size);
}

// Feeds the sequences together in random portions, prefill and decode rows mixed, in steps that cut them
// elsewhere, and compares with each alone: in the same portions, and in one.
struct Distances {
    double same_portions = 0, one_portion = 0;
};
Distances together_against_alone(const Model& model, std::uint64_t seed) {
    test::Random random(seed);
    std::vector<std::vector<TokenId>> texts;
    for (std::size_t length : {1u, 33u, 90u, 64u, 7u})
        texts.push_back(random_tokens(random, length, model.info().vocabulary));
    Session session(model);
    std::vector<SequenceId> ids;
    for (std::size_t i = 0; i < texts.size(); ++i) ids.push_back(session.open());
    std::vector<Logits> got(texts.size());
    std::vector<std::vector<std::size_t>> portions(texts.size());
    for (bool more = true; more;) {
        more = false;
        std::vector<SequenceTokens> items;
        std::vector<std::size_t> which;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            const auto done = session.length(ids[i]);
            const auto left = texts[i].size() - done;
            const auto n =
                std::min<std::size_t>(left, random.below(3) == 0 ? 1 + random.below(40) : random.below(2));
            more |= left > 0;
            if (n == 0) continue;
            items.push_back({ids[i], std::span(texts[i]).subspan(done, n), WantedLogits::all});
            which.push_back(i);
            portions[i].push_back(n);
        }
        if (items.empty()) continue;
        session.forward(items, [&](std::size_t item, std::size_t, std::span<const float> row) {
            got[which[item]].emplace_back(row.begin(), row.end());
        });
    }
    for (auto id : ids) session.close(id);
    Distances worst;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        worst.same_portions =
            std::max(worst.same_portions, distance(alone(model, texts[i], portions[i]), got[i]));
        worst.one_portion = std::max(worst.one_portion, distance(alone(model, texts[i], 512), got[i]));
    }
    return worst;
}

}  // namespace

TEST_CASE("execution: several sequences in one batch give what each gives alone (reference, 1e-5)") {
    for (std::string architecture : {"llama", "gemma3"}) {
        const auto model =
            load({.architecture = architecture, .layers = 7, .window = architecture == "gemma3" ? 16u : 0u},
                 {.context = 128, .sequences = 6, .batch_tokens = 48, .backend = "reference"});
        const Distances found = together_against_alone(model, 1);
        CHECK(found.same_portions <= 1e-5);
        CHECK(found.one_portion <= 1e-5);
    }
}

TEST_CASE("execution: several sequences in one batch give what each gives alone (cpu, every ISA)") {
    for (const auto& isa : test::isas()) {
        const test::ForcedIsa forced(isa);
        for (auto type : {DType::f16, DType::q8_0, DType::q4_0}) {
            CAPTURE(isa, info(type).name);
            const TinyShape shape{.architecture = "gemma3", .layers = 7, .window = 16, .type = type};
            ModelOptions options{.context = 128, .sequences = 6, .batch_tokens = 48, .backend = "cpu"};
            CHECK(together_against_alone(load(shape, options), 2).same_portions <= 1e-5);
            options.invariant = true;
            CHECK(together_against_alone(load(shape, options), 2).one_portion <= 1e-5);
        }
    }
}

TEST_CASE("execution: decode step by step equals prefill in one go") {
    test::Random random(3);
    for (std::string architecture : {"llama", "gemma3"}) {
        const auto model = load({.architecture = architecture, .layers = 7, .window = 16},
                                {.context = 128, .sequences = 2, .backend = "reference"});
        const auto tokens = random_tokens(random, 100, model.info().vocabulary);
        CHECK(distance(alone(model, tokens, 512), alone(model, tokens, 1)) <= 1e-5);
    }
}

TEST_CASE("execution: cpu agrees with reference on models of many shapes and types") {
    struct Case {
        TinyShape shape;
        double bound;
    };
    const std::vector<Case> cases{
        {{.heads = 3, .kv_heads = 1, .head_dim = 24, .type = DType::f32}, 1e-3},
        {{.embedding = 96,
          .heads = 4,
          .kv_heads = 4,
          .head_dim = 40,
          .tied = false,
          .biases = true,
          .type = DType::f16},
         1e-3},
        {{.heads = 2, .kv_heads = 1, .head_dim = 80, .vocabulary = 77, .type = DType::f16}, 1e-3},
        {{.architecture = "gemma3", .layers = 7, .window = 20, .biases = true, .type = DType::f32}, 1e-3},
        {{.tied = false, .type = DType::bf16}, 2e-2},
        {{.biases = true, .type = DType::q8_0}, 3e-2},
        {{.biases = true, .type = DType::q4_0}, 3e-2},
        {{.type = DType::mxfp4}, 3e-2},
        {{.type = DType::q4_1}, 3e-2},
        {{.embedding = 256, .feed_forward = 512, .heads = 4, .head_dim = 64, .type = DType::q4_k}, 3e-2},
        {{.embedding = 256, .feed_forward = 256, .heads = 4, .head_dim = 64, .type = DType::q6_k}, 3e-2},
    };
    test::Random random(4);
    for (const auto& c : cases) {
        const auto tokens = random_tokens(random, 70, c.shape.vocabulary);
        const auto want = alone(load(c.shape, {.backend = "reference"}), tokens, 512);
        for (const auto& isa : test::isas()) {
            const test::ForcedIsa forced(isa);
            CAPTURE(isa, info(c.shape.type).name);
            CHECK(distance(want, alone(load(c.shape, {.backend = "cpu"}), tokens, 512)) <= c.bound);
            CHECK(distance(want, alone(load(c.shape, {.backend = "cpu"}), tokens, 1)) <= c.bound);
        }
    }
}

TEST_CASE("execution: every cache type and compute type stays close to reference") {
    test::Random random(6);
    const TinyShape shape{.architecture = "gemma3", .layers = 7, .window = 20, .type = DType::f32};
    const auto tokens = random_tokens(random, 70, shape.vocabulary);
    const auto want = alone(load(shape, {.backend = "reference"}), tokens, 512);
    for (const auto& isa : test::isas()) {
        const test::ForcedIsa forced(isa);
        CAPTURE(isa);
        CHECK(distance(want, alone(load(shape, {.backend = "cpu", .cache = CacheType::f32}), tokens, 512)) <=
              1e-5);
        CHECK(distance(want, alone(load(shape, {.backend = "cpu", .cache = CacheType::f16}), tokens, 512)) <=
              1e-3);
        CHECK(distance(want, alone(load(shape, {.backend = "cpu", .cache = CacheType::bf16}), tokens, 512)) <=
              1e-2);
        const auto q8_0 = alone(load(shape, {.backend = "cpu", .cache = CacheType::q8_0}), tokens, 512);
        CHECK(distance(want, q8_0) <= 2e-2);
        CHECK(distance(want, q8_0) > 1e-4);  // it does round
        const auto rounded =
            alone(load(shape, {.backend = "cpu", .compute = ComputeType::bf16}), tokens, 512);
        CHECK(distance(want, rounded) <= 2e-2);
        CHECK(distance(want, rounded) > 1e-4);  // it does round
    }
}

TEST_CASE("execution: only wanted logit rows come back, in order") {
    const auto model = load({}, {.context = 64, .sequences = 3, .backend = "reference"});
    test::Random random(5);
    const auto a = random_tokens(random, 5, 80), b = random_tokens(random, 4, 80),
               c = random_tokens(random, 3, 80);
    Session session(model);
    const std::vector<SequenceTokens> items{{session.open(), a, WantedLogits::last},
                                            {session.open(), b, WantedLogits::none},
                                            {session.open(), c, WantedLogits::all}};
    std::vector<std::pair<std::size_t, std::size_t>> rows;
    session.forward(items, [&](std::size_t item, std::size_t token, std::span<const float> logits) {
        CHECK(logits.size() == 80);
        rows.emplace_back(item, token);
    });
    CHECK(rows == std::vector<std::pair<std::size_t, std::size_t>>{{0, 4}, {2, 0}, {2, 1}, {2, 2}});
}

TEST_CASE("execution: what a caller can get wrong is refused and changes nothing") {
    const auto model = load({}, {.context = 40, .sequences = 2, .backend = "cpu"});
    Session session(model);
    const auto id = session.open();
    const std::vector<TokenId> good{1, 2, 3}, negative{1, -1}, large{80}, none{}, many(41, 1);
    const auto refuse = [&](ErrorCode code, std::vector<SequenceTokens> items) {
        expect_error(code, {}, [&] {
            session.forward(items, [](std::size_t, std::size_t, std::span<const float>) {});
        });
        CHECK(session.length(id) == 0);
    };
    refuse(ErrorCode::invalid_argument, {{id, negative}});
    refuse(ErrorCode::invalid_argument, {{id, large}});
    refuse(ErrorCode::invalid_argument, {{id, none}});
    refuse(ErrorCode::invalid_argument, {{id, good}, {id, good}});
    refuse(ErrorCode::invalid_argument, {{id, good}, {7, good}});
    refuse(ErrorCode::context_full, {{id, many}});
    const SequenceTokens item{id, good};
    session.forward({&item, 1}, [](std::size_t, std::size_t, std::span<const float>) {});
    CHECK(session.length(id) == 3);
}
