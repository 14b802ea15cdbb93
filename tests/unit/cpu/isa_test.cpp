#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "support/expect_error.hpp"
#include "support/op_case.hpp"

using namespace lamina;
using cpu::CpuFeatures;
using cpu::Isa;

namespace {

const std::vector<Isa> all_levels = {Isa::scalar,      Isa::avx2,        Isa::avx_vnni,
                                     Isa::avx512_vnni, Isa::avx512_bf16, Isa::amx};

CpuFeatures everything() {
    CpuFeatures f;
    for (bool CpuFeatures::*feature :
         {&CpuFeatures::avx2, &CpuFeatures::fma, &CpuFeatures::f16c, &CpuFeatures::avx_vnni,
          &CpuFeatures::avx512f, &CpuFeatures::avx512bw, &CpuFeatures::avx512vl, &CpuFeatures::avx512dq,
          &CpuFeatures::avx512_vnni, &CpuFeatures::avx512_bf16, &CpuFeatures::amx_tile,
          &CpuFeatures::amx_int8, &CpuFeatures::amx_bf16}) {
        f.*feature = true;
    }
    return f;
}

std::vector<Isa> without(bool CpuFeatures::*feature) {
    CpuFeatures f = everything();
    f.*feature = false;
    return cpu::levels(f);
}

// What the kernel found, by its own probing.
std::set<std::string> kernel_flags() {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);) {
        if (line.rfind("flags", 0) != 0) continue;
        std::istringstream words(line.substr(line.find(':') + 1));
        return {std::istream_iterator<std::string>(words), {}};
    }
    return {};
}

}  // namespace

TEST_CASE("isa: levels need all of their features", "[isa]") {
    using F = CpuFeatures;
    CHECK(cpu::levels(F{}) == std::vector{Isa::scalar});
    CHECK(cpu::levels(everything()) == all_levels);
    for (bool F::*feature : {&F::avx2, &F::fma, &F::f16c})
        CHECK(without(feature) == std::vector{Isa::scalar});
    CHECK(without(&F::avx_vnni) ==
          std::vector{Isa::scalar, Isa::avx2, Isa::avx512_vnni, Isa::avx512_bf16, Isa::amx});
    for (bool F::*feature : {&F::avx512f, &F::avx512bw, &F::avx512vl, &F::avx512dq, &F::avx512_vnni}) {
        CHECK(without(feature) == std::vector{Isa::scalar, Isa::avx2, Isa::avx_vnni});
    }
    CHECK(without(&F::avx512_bf16) == std::vector{Isa::scalar, Isa::avx2, Isa::avx_vnni, Isa::avx512_vnni});
    for (bool F::*feature : {&F::amx_tile, &F::amx_int8, &F::amx_bf16}) {
        CHECK(without(feature).back() == Isa::avx512_bf16);
    }
}

TEST_CASE("isa: our probing and the kernel's agree", "[isa]") {
    const auto flags = kernel_flags();
    REQUIRE(!flags.empty());
    const auto has = [&](const char* flag) { return flags.count(flag) != 0; };
    const CpuFeatures f = cpu::cpu_features();
    CHECK(f.avx2 == has("avx2"));
    CHECK(f.fma == has("fma"));
    CHECK(f.f16c == has("f16c"));
    CHECK(f.avx_vnni == has("avx_vnni"));
    CHECK(f.avx512f == has("avx512f"));
    CHECK(f.avx512bw == has("avx512bw"));
    CHECK(f.avx512vl == has("avx512vl"));
    CHECK(f.avx512dq == has("avx512dq"));
    CHECK(f.avx512_vnni == has("avx512_vnni"));
    CHECK(f.avx512_bf16 == has("avx512_bf16"));
    CHECK(f.amx_int8 == has("amx_int8"));
    CHECK(f.amx_bf16 == has("amx_bf16"));
    CHECK(cpu::detected() == cpu::levels(f));
}

TEST_CASE("isa: LAMINA_ISA forces one of those detected", "[isa]") {
    for (const Isa isa : cpu::detected()) {
        const test::ForcedIsa forced(to_string(isa));
        CHECK(cpu::chosen() == isa);
        CHECK(cpu::record().devices().front().isa_used == to_string(isa));
        for (const Isa kernel : all_levels) {
            const bool there = std::count(cpu::detected().begin(), cpu::detected().end(), kernel) > 0;
            CHECK(cpu::usable(kernel, isa) == (there && kernel <= isa));
        }
    }
    const test::ForcedIsa empty("");
    CHECK(cpu::chosen() == cpu::detected().back());
}

TEST_CASE("isa: LAMINA_ISA that is unknown or missing is an error that lists what there is", "[isa]") {
    for (const char* wrong : {"avx", "AVX2", "avx2 ", "avx512_vnni,avx2"}) {
        const test::ForcedIsa forced(wrong);
        test::expect_error(ErrorCode::invalid_argument, {"LAMINA_ISA", wrong, "scalar"},
                           [] { cpu::chosen(); });
        test::expect_error(ErrorCode::invalid_argument, {"LAMINA_ISA"}, [] { cpu::record().devices(); });
        test::expect_error(ErrorCode::invalid_argument, {"LAMINA_ISA"},
                           [] { cpu::record().open(DeviceInfo{.name = "cpu", .threads = 1}, {}); });
    }
    for (const Isa isa : all_levels) {
        if (std::count(cpu::detected().begin(), cpu::detected().end(), isa) > 0) continue;
        const test::ForcedIsa forced(to_string(isa));
        test::expect_error(ErrorCode::invalid_argument, {"LAMINA_ISA", to_string(isa), "lacks", "scalar"},
                           [] { cpu::chosen(); });
    }
}

TEST_CASE("isa: the report names the kernels that run", "[isa]") {
    for (const Isa isa : cpu::detected()) {
        const test::ForcedIsa forced(to_string(isa));
        test::OpCase c(1);
        const auto x = c.input(8, std::vector<float>(8));
        c.program.ops.push_back(backend::Scale{.x = x});
        c.program.ops.push_back(backend::Scale{.x = x});
        test::Bound bound(cpu::record(), c);
        const auto report = bound.executable().report();
        REQUIRE(report.size() == 2);  // the two scales are one line
        CHECK(report[0].op == "embed f32 [8]");
        CHECK(report[1].op == "scale");
        const char* expected = isa >= Isa::avx512_vnni ? "avx512_vnni" : isa >= Isa::avx2 ? "avx2" : "scalar";
        CHECK(report[1].implementation == expected);
    }
}
