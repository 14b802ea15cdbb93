#include <catch2/catch.hpp>

#include <cmath>

#include "support/expect_error.hpp"
#include "support/op_case.hpp"

using namespace lamina;
using test::OpCase;
using test::Random;

namespace {

backend::RopeTable table(backend::RopePairing pairing, std::uint32_t dims, float base,
                         float magnitude = 1.0f) {
    backend::RopeTable out{.pairing = pairing, .magnitude = magnitude};
    for (std::uint32_t i = 0; i < dims / 2; ++i) {
        out.inverse_frequencies.push_back(
            std::pow(base, -2.0f * static_cast<float>(i) / static_cast<float>(dims)));
    }
    return out;
}

struct Shape {
    std::uint32_t head_dim, dims, heads;
};

}  // namespace

TEST_CASE("rope: both pairings, whole and partial heads, positions up to 131071", "[rope]") {
    for (const auto pairing : {backend::RopePairing::halves, backend::RopePairing::interleaved}) {
        for (const Shape s : {Shape{16, 16, 1},
                              {48, 48, 3},
                              {64, 64, 9},
                              {80, 32, 2},
                              {80, 80, 5},
                              {256, 256, 4},
                              {7, 6, 3},
                              {2, 2, 1}}) {
            for (const std::uint32_t first : {0u, 31u, 131067u}) {
                Random random(s.head_dim + s.heads);
                OpCase c(5, 131072);
                const auto x = c.input(s.head_dim * s.heads, random.normals(5 * s.head_dim * s.heads));
                c.program.ropes = {table(pairing, s.dims, 1e4f), table(pairing, s.dims, 1e6f, 1.3f)};
                for (const backend::RopeId id : {0u, 1u}) {
                    c.program.ops.push_back(
                        backend::Rope{.x = x, .heads = s.heads, .head_dim = s.head_dim, .rope = id});
                }
                test::for_each_isa(c,
                                   {{.tokens = test::tokens_from(0, 2), .first_position = 17},
                                    {.tokens = test::tokens_from(2, 3), .first_position = first}},
                                   {}, x, [&](double error, bool same, cpu::Isa isa) {
                                       INFO(to_string(isa)
                                            << ", " << s.heads << " x " << s.head_dim << ", first " << first);
                                       CHECK(error <= 1e-6);
                                       CHECK(same);
                                   });
            }
        }
    }
}

TEST_CASE("rope: more dims than a head has are refused", "[rope]") {
    OpCase c(1);
    const auto x = c.input(32, std::vector<float>(32));
    c.program.ropes = {table(backend::RopePairing::halves, 34, 1e4f)};
    c.program.ops.push_back(backend::Rope{.x = x, .heads = 1, .head_dim = 32, .rope = 0});
    test::expect_error(ErrorCode::invalid_argument, {"rope", "32 dims", "34"},
                       [&] { test::Bound bound(cpu::record(), c); });
}
