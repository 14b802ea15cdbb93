// Every header byte cut, every header field overwritten, every key and tensor left out: a typed error or a
// file, and little memory.
#include <catch2/catch.hpp>

#include "gguf_cases.hpp"
#include "support/allocations.hpp"
#include "support/extreme_values.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

constexpr std::size_t memory_bound = 16 << 20;

enum class Outcome { file, refused };

// Only lamina::Error with a code for files may come out, and no more than 16 MiB may be held.
Outcome outcome_of(Bytes bytes) {
    const auto file = in_memory(std::move(bytes));
    const AllocationPeak peak;
    auto out = Outcome::file;
    try {
        const auto model = format::gguf::read_file({"m.gguf", file});
        for (const auto& tensor : model.tensors) {
            const auto all = file->bytes();
            REQUIRE(tensor.bytes.data() >= all.data());
            REQUIRE(tensor.bytes.data() + tensor.bytes.size() <= all.data() + all.size());
        }
    } catch (const Error& error) {
        REQUIRE((error.code() == ErrorCode::bad_file || error.code() == ErrorCode::unsupported));
        REQUIRE_FALSE(error.details().expected.empty());
        out = Outcome::refused;
    }
    if (peak.bytes() > memory_bound) FAIL("held " << peak.bytes() << " bytes");
    return out;
}

bool is_size(const GgufField& field) {
    for (const char* word : {"count", "length", "dimension", "offset"}) {
        if (field.what.find(word) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("threat llama.cpp#6774: GGUF truncated at every byte is refused") {
    const Bytes whole = small_model().bytes();
    REQUIRE(outcome_of(whole) == Outcome::file);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        if (outcome_of(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))) ==
            Outcome::file) {
            FAIL("cut to " << size << " of " << whole.size() << " bytes");
        }
    }
}

TEST_CASE("GGUF with any field of the header overwritten by extreme values is refused or a file") {
    const auto image = small_model().image();
    int refused = 0;
    for (const GgufField& field : image.fields) {
        for (const std::uint64_t value : extreme_values(image.bytes.size() - field.offset)) {
            Bytes bytes = image.bytes;
            std::memcpy(bytes.data() + field.offset, &value, field.width);
            const auto outcome = outcome_of(bytes);
            std::uint64_t written = 0;
            std::memcpy(&written, bytes.data() + field.offset, field.width);
            refused += outcome == Outcome::refused;
            // No size may reach beyond the file.
            if (is_size(field) && written > image.bytes.size() && outcome == Outcome::file) {
                FAIL(field.what << " = " << written);
            }
        }
    }
    CHECK(refused > 1000);
}

TEST_CASE("GGUF with any byte of the header changed is refused or a file") {
    const auto image = small_model().image();
    for (std::size_t i = 0; i < image.header_end; ++i) {
        for (const int change : {0x01, 0x80, 0xFF, 0x10}) {
            Bytes bytes = image.bytes;
            bytes[i] ^= static_cast<std::byte>(change);
            outcome_of(std::move(bytes));
        }
    }
}

TEST_CASE("threat CVE-2025-0312: GGUF without any one key or tensor is a file without it") {
    const auto whole = parse(small_model());
    for (const auto& [key, value] : whole.metadata) {
        auto w = small_model();
        const auto model = parse(w.remove(key));
        CHECK(model.metadata.size() == whole.metadata.size() - 1);
        CHECK_FALSE(model.has(key));
    }
    for (const auto& tensor : whole.tensors) {
        auto w = small_model();
        const auto model = parse(w.remove_tensor(tensor.name));
        CHECK(model.tensors.size() == whole.tensors.size() - 1);
        CHECK(model.find(tensor.name) == nullptr);
    }
}
