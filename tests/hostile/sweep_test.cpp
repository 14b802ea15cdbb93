// Many damaged files on the whole way that a user goes. The sanitizer build runs all of them, others a share
// (LAMINA_SWEEP=all: everything).
#include <catch2/catch.hpp>

#include "hostile/mutations.hpp"
#include "hostile/tally.hpp"

using namespace lamina::test;
using namespace lamina::test::hostile;

namespace {

constexpr Family families[] = {
    {"header fields", overwritten_fields},           {"truncations", truncations},
    {"keys and tensors removed", removals},          {"other types", other_types},
    {"hyper-parameters", hyper_parameters, 3},       {"tensor places", tensor_places},
    {"tensor descriptions", tensor_descriptions, 2}, {"vocabularies", vocabularies},
    {"chat templates", chat_templates, 2},           {"bit flips", bit_flips, 8}};

}  // namespace

TEST_CASE("hostile files: the sources themselves are accepted") {
    MemoryPath file;
    for (const auto& source : sources()) {
        Tally tally;
        for (int i = 0; i < 8; ++i) {  // every way to load that the sweep takes in turn
            const auto bytes = source.writer.bytes();
            file.write(bytes);
            go(source.name, file.path(), bytes.size(), tally);
        }
        CAPTURE(source.name, tally.fault);
        CHECK(tally.accepted == 8);
        CHECK(tally.faults == 0);
    }
}

TEST_CASE("hostile files: damaged in any one way, a model is refused by name or computes") {
    const auto models = sources();
    MemoryPath file;
    Tally all;
    const double begin = cpu_seconds();
    for (const auto& family : families) {
        Tally tally;
        const double start = cpu_seconds();
        for (const auto& source : models) {
            const Emit emit(stride() * source.stride * family.stride,
                            [&](const std::string& what, const Bytes& bytes) {
                                file.write(bytes);
                                go(source.name + ": " + what, file.path(), bytes.size(), tally);
                            });
            family.damage(source.writer, emit);
        }
        print(family.name, tally, cpu_seconds() - start);
        add(all, tally);
        INFO(tally.fault);
        CHECK(tally.faults == 0);
        CHECK(tally.cases > 0);
    }
    print("all", all, cpu_seconds() - begin);
    CHECK(all.accepted > 0);
    CHECK(all.refused > 0);
    CHECK(all.cases > 50000 / stride());
}
