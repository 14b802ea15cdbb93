// Checks that a call fails with the right kind of error and says what a user needs to know.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <string_view>

#include "lamina/error.hpp"

namespace lamina::test {

// `call` must throw lamina::Error with this code; its text must hold each of the words and be one line.
template <class Call>
void expect_error(ErrorCode code, std::initializer_list<std::string_view> words, Call&& call) {
    std::string text;
    try {
        call();
    } catch (const Error& error) {
        text = error.what();
        CAPTURE(text);
        CHECK(to_string(error.code()) == to_string(code));
        CHECK(text.find('\n') == std::string::npos);
        for (const auto word : words) {
            CAPTURE(word);
            CHECK(text.find(word) != std::string::npos);
        }
        return;
    }
    FAIL("no error was thrown, expected " << to_string(code));
}

}  // namespace lamina::test
