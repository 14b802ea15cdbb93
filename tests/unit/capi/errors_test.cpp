// What an error says in C is what it says in C++.
#include <catch2/catch.hpp>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

#include "api/c/call.hpp"
#include "api/c/codes.hpp"
#include "lamina/error.hpp"
#include "lamina/lamina.h"
#include "lamina/model.hpp"
#include "support/allocations.hpp"
#include "support/temporary_directory.hpp"

namespace lamina::c_api {
namespace {

std::string text(lamina_string string) {
    REQUIRE(string.data != nullptr);
    CHECK(string.data[string.size] == '\0');
    return {string.data, string.size};
}

// The error of a C function that fails with this.
template <class Failure>
lamina_error fail_with(const Failure& failure) {
    return call("test", [&](const Call&) { throw failure; });
}

bool no_details(const lamina_error& error) {
    return !error.has_offset &&
           error.area.size + error.file.size + error.subject.size + error.expected.size + error.found.size ==
               0;
}

const Error full(ErrorCode::bad_file, ErrorDetails{.area = "gguf",
                                                   .file = "/models/a.gguf",
                                                   .subject = std::string("key\0part", 8),
                                                   .offset = 0x123456789u,
                                                   .expected = "1..4096",
                                                   .found = "0"});

}  // namespace

TEST_CASE("C API: an error has every field of the C++ one") {
    lamina_error error = fail_with(full);
    CHECK(error.code == LAMINA_BAD_FILE);
    CHECK(error.has_offset);
    CHECK(error.offset == 0x123456789u);
    CHECK(text(error.area) == "gguf");
    CHECK(text(error.file) == "/models/a.gguf");
    CHECK(text(error.subject) == std::string("key\0part", 8));
    CHECK(text(error.expected) == "1..4096");
    CHECK(text(error.found) == "0");
    CHECK(text(error.text) == full.what());
    lamina_error_free(&error);
    CHECK(error.code == LAMINA_OK);
    CHECK(no_details(error));
}

TEST_CASE("C API: every code of C++ has its number and name") {
    for (int code = 0; code <= static_cast<int>(ErrorCode::device_failed); ++code) {
        const auto expected = static_cast<ErrorCode>(code);
        lamina_error error = fail_with(Error(expected, "area", "message"));
        CHECK(error.code == code + 1);
        CHECK(from_c(error.code) == expected);
        CHECK(lamina_error_code_name(error.code) == std::string(to_string(expected)));
        CHECK(text(error.text) == "[area] message");
        CHECK(!error.has_offset);
        lamina_error_free(&error);
    }
    CHECK(to_string(static_cast<ErrorCode>(static_cast<int>(ErrorCode::device_failed) + 1)) == "unknown");
    CHECK(!from_c(LAMINA_OK));
    CHECK(!from_c(LAMINA_UNEXPECTED));
}

TEST_CASE("C API: exceptions of other types are errors too") {
    lamina_error error = fail_with(std::bad_alloc());
    CHECK(error.code == LAMINA_OUT_OF_MEMORY);
    CHECK(text(error.text) == Error::no_memory().what());
    CHECK(text(error.found) == Error::no_memory().details().found);
    CHECK(text(error.area) == "memory");
    CHECK(!error.has_offset);
    lamina_error_free(&error);
    error = fail_with(std::runtime_error("from below"));
    CHECK(error.code == LAMINA_UNEXPECTED);
    CHECK(text(error.text) == "from below");
    CHECK(no_details(error));
    lamina_error_free(&error);
    error = fail_with(4711);
    CHECK(error.code == LAMINA_UNEXPECTED);
    CHECK(error.text.size > 0);
    lamina_error_free(&error);
}

TEST_CASE("C API: a stored failure can be had again and again") {
    CHECK(error_of(nullptr).code == LAMINA_OK);
    auto failure = std::make_exception_ptr(full);
    lamina_error first = error_of(failure), second = error_of(failure);
    failure = nullptr;
    lamina_error_free(&first);
    CHECK(text(second.text) == full.what());
    lamina_error_free(&second);
}

TEST_CASE("C API: making an error takes no memory") {
    for (const bool lasting : {false, true}) {
        test::AllocationFault fault(1, lasting);
        lamina_error known = no_error(), memory = no_error(), other = no_error();
        bool failed = false;
        const auto stored = std::make_exception_ptr(full);
        try {
            std::rethrow_exception(stored);
        } catch (...) {
            fault.arm();
            known = current_error();
        }
        memory = call("test", [](const Call&) { throw std::bad_alloc(); });
        other = error_of(stored);
        failed = fault.happened();
        fault.disarm();
        CHECK_FALSE(failed);
        CHECK(text(known.text) == full.what());
        CHECK(memory.code == LAMINA_OUT_OF_MEMORY);
        CHECK(text(other.file) == "/models/a.gguf");
        lamina_error_free(&known);
        lamina_error_free(&memory);
        lamina_error_free(&other);
    }
}

TEST_CASE("C API: a broken file is named with field and offset") {
    const test::TemporaryDirectory directory;
    const auto path =
        directory.file("broken.gguf", std::string("GGUF\x03\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 16) +
                                          std::string(8, '\0'));
    lamina_model* model = nullptr;
    lamina_error error = lamina_model_load(path.c_str(), nullptr, &model);
    CHECK(error.code == LAMINA_BAD_FILE);
    CHECK(model == nullptr);
    CHECK(text(error.file) == path);
    CHECK(text(error.area) == "gguf");
    CHECK(error.has_offset);
    CHECK(error.offset == 8);
    CHECK(error.subject.size + error.expected.size > 0);
    std::string expected;
    try {
        Model::load(path);
    } catch (const Error& thrown) { expected = thrown.what(); }
    CHECK(text(error.text) == expected);
    lamina_error_free(&error);
}

}  // namespace lamina::c_api
