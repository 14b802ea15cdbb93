// Models in several files, one of them damaged, missing or another's.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "hostile/mutations.hpp"
#include "hostile/tally.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina::test;
using namespace lamina::test::hostile;

namespace {

constexpr std::uint16_t count = 3;

// A model of three parts on disk.
class Parts {
  public:
    Parts() {
        const auto source = llama_with_text();
        for (std::uint16_t i = 0; i < count; ++i) {
            writers_.push_back(source.part_of(i, count));
            write(i, writers_.back().bytes());
        }
    }

    std::string path(std::uint16_t i) const { return GgufWriter::part_path(directory_ / "model", i, count); }
    const GgufWriter& writer(std::uint16_t i) const { return writers_[i]; }

    void write(std::uint16_t i, const Bytes& bytes) const {
        std::ofstream out(path(i), std::ios::binary);
        out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    void restore(std::uint16_t i) const { write(i, writers_[i].bytes()); }

    std::size_t size() const {
        std::size_t sum = 0;
        for (std::uint16_t i = 0; i < count; ++i) {
            if (std::filesystem::is_regular_file(path(i))) sum += std::filesystem::file_size(path(i));
        }
        return sum;
    }

  private:
    TemporaryDirectory directory_;
    std::vector<GgufWriter> writers_;
};

}  // namespace

TEST_CASE("hostile files: one part of a model damaged in any one way") {
    constexpr Family families[] = {{"header fields", overwritten_fields, 4},
                                   {"truncations", truncations, 4},
                                   {"keys and tensors removed", removals, 4},
                                   {"other types", other_types, 8},
                                   {"bit flips", bit_flips, 64}};
    const Parts parts;
    Tally tally;
    const double start = cpu_seconds();
    go("all parts", parts.path(0), parts.size(), tally);
    CHECK(tally.accepted == 1);
    for (std::uint16_t i = 0; i < count; ++i) {
        for (const auto& family : families) {
            // What the first part says is swept as a model in one file; here it is what the parts say of each
            // other.
            const auto every = stride() * family.stride * (i == 0 ? 4 : 1);
            family.damage(parts.writer(i), Emit(every, [&](const std::string& what, const Bytes& bytes) {
                              parts.write(i, bytes);
                              const auto given = static_cast<std::uint16_t>(tally.cases % count);
                              go("part " + std::to_string(i) + ": " + what, parts.path(given), parts.size(),
                                 tally);
                          }));
        }
        parts.restore(i);
    }
    print("parts", tally, cpu_seconds() - start);
    INFO(tally.fault);
    CHECK(tally.faults == 0);
    CHECK(tally.cases > 2000 / stride());
}

TEST_CASE("hostile files: parts that are missing, empty, a directory, or in each other's place") {
    const Parts parts;
    Tally tally;
    for (std::uint16_t i = 0; i < count; ++i) {
        const auto path = parts.path(i);
        for (std::uint16_t given = 0; given < count; ++given) {
            const auto refused = [&](const std::string& what) {
                const auto before = tally.refused;
                go(what + " for part " + std::to_string(i), parts.path(given), parts.size(), tally);
                CHECK(tally.refused == before + 1);
                std::filesystem::remove(path);
            };
            if (given != i) {  // the path given itself must be there
                std::filesystem::remove(path);
                refused("nothing");
                std::filesystem::create_directory(path);
                refused("a directory");
                parts.write(i, {});
                refused("an empty file");
            }
            parts.write(i, parts.writer(static_cast<std::uint16_t>((i + 1) % count)).bytes());
            refused("another part");
            parts.write(i, llama_with_text().bytes());
            if (given != i) refused("a whole model");
            parts.restore(i);
        }
    }
    INFO(tally.fault);
    CHECK(tally.faults == 0);
}

TEST_CASE("hostile files: counts of parts and of their tensors that cannot be") {
    const Parts parts;
    Tally tally;
    for (const char* key : {"split.no", "split.count", "split.tensors.count"}) {
        for (const std::uint64_t value :
             {0u, 1u, 2u, 3u, 4u, 34u, 35u, 65535u, 65536u, 1'000'000u, 1'000'001u, ~0u}) {
            for (std::uint16_t i = 0; i < count; ++i) {
                auto writer = parts.writer(i);
                writer.remove(key).set(key, value);
                parts.write(i, writer.bytes());
                for (std::uint16_t given = 0; given < count; ++given)
                    go(std::string(key) + " = " + std::to_string(value), parts.path(given), parts.size(),
                       tally);
                parts.restore(i);
            }
        }
    }
    INFO(tally.fault);
    CHECK(tally.faults == 0);
    CHECK(tally.refused > 200);
}
