#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "gguf_cases.hpp"
#include "support/expect_error.hpp"

using namespace lamina;
using namespace lamina::test;

TEST_CASE("model file: typed values within their range") {
    const auto model = parse(small_model());
    CHECK(model.integer("u8", 0, 255) == 200u);
    CHECK(model.integer("u64", 0, ~std::uint64_t{0}) == ~std::uint64_t{0});
    CHECK(model.real("f32", 0, 1) == 0.5);
    CHECK(model.boolean("yes") == true);
    CHECK(model.string("general.architecture") == std::string("llama"));
    CHECK(model.strings("names")->size() == 3);
    CHECK(*model.integers("ids") == format::Integers{1, -2, 3});
    CHECK(model.reals("scores")->front() == 0.25);
    CHECK(model.need_integer("u8", 200, 200) == 200);
    CHECK(model.need_real("f32", 0.5, 0.5) == 0.5);
    CHECK(model.need_string("empty").empty());
}

TEST_CASE("model file: missing keys are nothing, or an error where they are needed") {
    const auto model = parse(small_model());
    CHECK_FALSE(model.has("none"));
    CHECK_FALSE(model.integer("none", 0, 1));
    CHECK_FALSE(model.real("none", 0, 1));
    CHECK_FALSE(model.boolean("none"));
    CHECK_FALSE(model.string("none"));
    CHECK(model.strings("none") == nullptr);
    CHECK(model.integers("none") == nullptr);
    CHECK(model.reals("none") == nullptr);
    expect_error(ErrorCode::bad_file,
                 {"m.gguf: 'none': expected an integer from 1 to 4096, found no such key"},
                 [&] { model.need_integer("none", 1, 4096); });
    expect_error(ErrorCode::bad_file, {"'none'", "a real number", "no such key"},
                 [&] { model.need_real("none", 0, 1); });
    expect_error(ErrorCode::bad_file, {"'none'", "a string", "no such key"},
                 [&] { model.need_string("none"); });
}

TEST_CASE("model file: integers outside the range are refused with range and value") {
    const auto model = parse(small_model());
    expect_error(ErrorCode::bad_file, {"'u8': expected an integer from 1 to 199, found the integer 200"},
                 [&] { model.integer("u8", 1, 199); });
    expect_error(ErrorCode::bad_file, {"from 201 to 300"}, [&] { model.integer("u8", 201, 300); });
    expect_error(ErrorCode::bad_file, {"found the integer -100"},
                 [&] { model.integer("i8", 0, ~std::uint64_t{0}); });
}

TEST_CASE("model file: values of another type are refused") {
    const auto model = parse(small_model());
    for (const char* key : {"f32", "yes", "empty", "names", "ids", "scores"}) {
        expect_error(ErrorCode::bad_file, {key, "an integer"}, [&] { model.integer(key, 0, 1000); });
    }
    for (const char* key : {"u8", "i8", "yes", "empty", "names"}) {
        expect_error(ErrorCode::bad_file, {key, "a real number"}, [&] { model.real(key, -1000, 1000); });
    }
    expect_error(ErrorCode::bad_file, {"'u8': expected a boolean, found the integer 200"},
                 [&] { model.boolean("u8"); });
    expect_error(ErrorCode::bad_file, {"a string, found the boolean true"}, [&] { model.string("yes"); });
    expect_error(ErrorCode::bad_file, {"an array of strings, found an array of 3 integers"},
                 [&] { model.strings("ids"); });
    expect_error(ErrorCode::bad_file, {"found the string 'llama'"},
                 [&] { model.integers("general.architecture"); });
    expect_error(ErrorCode::bad_file, {"found an array of 3 strings"}, [&] { model.reals("names"); });
}

TEST_CASE("model file: real numbers that are not finite or outside the range are refused") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const auto model = parse(
        GgufWriter().set("nan", std::nanf("")).set("inf", infinity).set("minus", -infinity).set("two", 2.0f));
    constexpr double most = std::numeric_limits<double>::infinity();
    for (const char* key : {"nan", "inf", "minus"}) {
        expect_error(ErrorCode::bad_file, {key, "a real number"}, [&] { model.real(key, -most, most); });
    }
    expect_error(ErrorCode::bad_file, {"'two'"}, [&] { model.real("two", 0, 1); });
    expect_error(ErrorCode::bad_file, {"'two'"}, [&] { model.real("two", 3, 4); });
}

TEST_CASE("model file: a copy finds its own tensors") {
    auto copy = std::make_unique<format::ModelFile>(parse(small_model()));
    const format::ModelFile second = *copy;
    CHECK(second.find("third") == &second.tensors[2]);
    copy.reset();
    CHECK(second.find("first")->bytes.size() == 24);
    CHECK(second.find("") == nullptr);
    CHECK(second.find("zzz") == nullptr);
}
