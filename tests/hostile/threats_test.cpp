// Threats of tests/data/threats.tsv that take more than one folder of the library to show.
#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "format/gguf/gguf.hpp"
#include "hostile/sources.hpp"
#include "support/expect_error.hpp"
#include "support/memory_file.hpp"
#include "text/merge.hpp"
#include "unit/engine/text_model.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

// Counts how much of a file is asked for.
class CountingFile final : public FileBytes {
  public:
    explicit CountingFile(Bytes bytes) : bytes_(std::move(bytes)) {}
    std::span<const std::byte> bytes() const override { return bytes_; }
    void populate(std::uint64_t offset, std::uint64_t size) const override {
        end = std::max(end, offset + size);
        sum += size;
        ++calls;
    }
    void release(std::uint64_t, std::uint64_t) const override {}

    mutable std::uint64_t end = 0, sum = 0, calls = 0;

  private:
    Bytes bytes_;
};

}  // namespace

TEST_CASE("threat llama.cpp#19856: checking a file reads its header once and no weights") {
    const std::uint64_t ahead = 1u << 20;  // pages are asked for by the MiB
    for (const std::uint64_t padding : {std::uint64_t{0}, 10 * ahead}) {
        auto writer = hostile::llama_with_text();
        writer.set("padding", std::vector<std::uint8_t>(padding, 1));
        writer.tensor("weights", DType::i8, {64 * ahead}, Bytes(64 * ahead));
        const auto image = writer.image();
        const auto file = std::make_shared<CountingFile>(image.bytes);
        format::gguf::read_file({"m.gguf", file});
        CHECK(file->end >= image.header_end);
        CHECK(file->end <= image.header_end + ahead);
        CHECK(file->sum == file->end);  // no page twice
        CHECK(file->calls <= 2 + image.header_end / ahead);
    }
}

TEST_CASE("threat CVE-2025-52566: counts of tokens that wrap as signed or unsigned numbers") {
    // What one run of merging holds is addressed with 32 bits.
    static_assert(4 * text::most_symbols < std::numeric_limits<std::int32_t>::max());
    const auto model = engine::test::TextModel::load({.context = 16, .batch_tokens = 8, .threads = 1});
    Engine engine(model);
    constexpr std::uint32_t half = 1u << 31;
    for (const std::uint32_t most : {0u, 1u, half - 1, half, half + 1, ~0u - 31, ~0u}) {
        for (const std::size_t prompt : {1u, 14u, 15u}) {
            CAPTURE(most, prompt);
            auto answer = engine.submit(
                {.tokens = std::vector<TokenId>(prompt, 97), .max_tokens = most, .ignore_end = true});
            answer.wait();
            CHECK(answer.finish_reason() ==
                  (most == 1 ? FinishReason::max_tokens : FinishReason::context_full));
            CHECK(answer.tokens().size() == (most == 1 ? 1 : 16 - prompt));
        }
        for (const std::size_t prompt : {16u, 17u, 1000u, 1u << 22}) {
            expect_error(ErrorCode::context_full, {std::to_string(prompt)}, [&] {
                engine.submit({.tokens = std::vector<TokenId>(prompt, 97), .max_tokens = most});
            });
        }
        expect_error(ErrorCode::invalid_argument, {"at least one token"},
                     [&] { engine.submit({.max_tokens = most}); });
    }
}
