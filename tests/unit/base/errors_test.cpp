#include "base/errors.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "base/join.hpp"

using namespace lamina;

namespace {

constexpr Errors errors{"place"};

template <class Act>
Error thrown(const Act& act) {
    try {
        act();
    } catch (const Error& error) { return error; }
    FAIL("nothing was thrown");
    return Error::no_memory();
}

}  // namespace

TEST_CASE("errors: every part of a place and of a call is in what is thrown") {
    const std::string path = "model.gguf";
    const Error error = thrown([&] {
        Errors{"gguf", path}.at(312).fail(ErrorCode::bad_file, "llama.block_count", "1..4096", "0");
    });
    CHECK(error.code() == ErrorCode::bad_file);
    CHECK(std::string(error.what()) ==
          "[gguf] model.gguf: 'llama.block_count' at byte 312: expected 1..4096, found 0");
    CHECK(error.details().area == "gguf");
    CHECK(error.details().file == "model.gguf");
    CHECK(error.details().subject == "llama.block_count");
    CHECK(error.details().offset == 312u);
    CHECK(error.details().expected == "1..4096");
    CHECK(error.details().found == "0");
}

TEST_CASE("errors: what a place does not name stays empty") {
    const Error error = thrown([] { errors.refuse("option", "some", "none"); });
    CHECK(error.code() == ErrorCode::invalid_argument);
    CHECK(std::string(error.what()) == "[place] 'option': expected some, found none");
    CHECK(error.details().file.empty());
    CHECK_FALSE(error.details().offset);
}

TEST_CASE("errors: require refuses what is not good, text or number") {
    CHECK_NOTHROW(errors.require(true, "option", "some", 1));
    CHECK(thrown([] { errors.require(false, "option", "1..3", 4u); }).details().found == "4");
    CHECK(thrown([] { errors.require(false, "option", "0 < x", -0.5f); }).details().found == "-0.500000");
    CHECK(thrown([] { errors.require(false, "option", "a", std::string("b")); }).details().found == "b");
    CHECK(thrown([] { errors.require(false, "option", "a", "c"); }).code() == ErrorCode::invalid_argument);
}

TEST_CASE("join puts separators between elements only") {
    CHECK(join(std::vector<std::string>{}, ", ").empty());
    CHECK(join(std::vector<std::string>{"a"}, ", ") == "a");
    CHECK(join(std::vector<std::string>{"", "b", ""}, ", ") == ", b, ");
    CHECK(join(std::vector<int>{1, 2}, " + ", [](int x) { return std::to_string(x); }) == "1 + 2");
}
