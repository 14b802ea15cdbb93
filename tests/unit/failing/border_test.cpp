// What a want of memory becomes where it leaves the library.
#include "base/border.hpp"

#include <catch2/catch.hpp>
#include <new>
#include <stdexcept>
#include <type_traits>

#include "lamina/error.hpp"
#include "support/allocations.hpp"
#include "text/detokenizer.hpp"
#include "unit/text/small_vocabulary.hpp"

using namespace lamina;
using lamina::test::AllocationFault;

static_assert(std::is_nothrow_copy_constructible_v<Error> && std::is_nothrow_copy_assignable_v<Error>);

namespace {

const std::string path = "/a/path/that/is/longer/than/a/short/string.gguf";

template <class Thrown>
Error at_border(const Thrown& thrown, const std::string& file, bool memory = true) {
    AllocationFault none(1, true);
    std::exception_ptr failure;
    try {
        try {
            throw thrown;
        } catch (...) {
            if (!memory) none.arm();
            rethrow_typed("load", file);
        }
    } catch (...) { failure = std::current_exception(); }
    none.disarm();
    try {
        std::rethrow_exception(failure);
    } catch (const Error& error) { return error; }
}

}  // namespace

TEST_CASE("failing machine: bad_alloc leaves the library as out_of_memory that names the file") {
    const auto error = at_border(std::bad_alloc(), path);
    CHECK(error.code() == ErrorCode::out_of_memory);
    CHECK(error.details().file == path);
    CHECK(error.what() == "[load] " + path + ": no memory left");
    CHECK(at_border(std::bad_array_new_length(), path).details().file == path);
}

TEST_CASE("failing machine: an out_of_memory without a file gets it, other errors stay as they are") {
    const Error cache(ErrorCode::out_of_memory, {.area = "cpu", .subject = "cache", .expected = "1 byte"});
    const auto named = at_border(cache, path);
    CHECK(named.details().file == path);
    CHECK(named.details().subject == "cache");
    CHECK(at_border(Error(ErrorCode::out_of_memory, {.file = "other"}), path).details().file == "other");
    CHECK(at_border(Error(ErrorCode::cancelled, "load", "cancelled"), path).details().file.empty());
    CHECK_THROWS_AS(at_border(std::runtime_error("of a callback"), path), std::runtime_error);
}

TEST_CASE("failing machine: without any memory an error is still typed and has a text") {
    for (const auto& error :
         {at_border(std::bad_alloc(), path, false), Error::no_memory(), Error(Error::no_memory())}) {
        CHECK(error.code() == ErrorCode::out_of_memory);
        CHECK(error.what() == std::string("[memory] no memory left"));
        CHECK(error.details().area == "memory");
        CHECK(error.details().found == "no memory left");
    }
    // What is known without the file is kept.
    const Error cache(ErrorCode::out_of_memory, {.area = "cpu", .subject = "cache", .expected = "1 byte"});
    CHECK(at_border(cache, path, false).details().subject == "cache");
}

TEST_CASE("failing machine: a detokenizer that ran out of memory goes on where it was") {
    // Tokens longer than a short string, with a character that two of them share.
    auto data = small::byte_bpe();
    const auto first = small::add(data, small::stored("a long beginning of a \xE2\x82"));
    const auto second = small::add(data, small::stored("\xAC and a long enough end \xF0\x9F"));
    const auto tokenizer = std::make_shared<const text::Tokenizer>(data);
    const auto expected = tokenizer->decode(std::vector{first, second}, false);
    for (std::uint64_t nth = 1, more = 1; more != 0; ++nth) {
        text::Detokenizer stream(tokenizer, false);
        AllocationFault fault(nth, false);
        std::string out;
        out.reserve(200);
        const auto insist = [&](auto call) {
            fault.arm();
            try {
                out += call();
            } catch (const std::bad_alloc&) { out += call(); }
            fault.disarm();
        };
        insist([&] { return stream.push(first); });
        insist([&] { return stream.push(second); });
        insist([&] { return stream.flush(); });
        CHECK(out == expected);
        more = fault.happened();
    }
}
