// Hosts that were compiled with an older or a newer version of a struct.
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <string>

#include "api/c/structs.hpp"
#include "lamina/lamina.h"

namespace lamina::c_api {
namespace {

struct Version1 {
    std::size_t struct_size;
    std::uint64_t a;
};
struct Version2 {
    std::size_t struct_size;
    std::uint64_t a, b;
};
struct Version3 {
    std::size_t struct_size;
    std::uint64_t a, b, c;
};
constexpr Version2 defaults = {sizeof(Version2), 10, 20};

// A library that knows version 2 reads what a host gives.
template <class Host>
lamina_error read(Host host, Version2& out) {
    Version2 space[4] = {};
    std::memcpy(space, &host, sizeof host);
    return call("read", [&](const Call& c) {
        out = read_struct(c, space[0], defaults, "options", sizeof(Version1));
    });
}

// The same library fills a host's struct.
template <class Host>
lamina_error init(Host& host, std::size_t size = sizeof(Host)) {
    Version2 space[4];
    std::memset(space, 0xAB, sizeof space);
    const auto error = call(
        "init", [&](const Call& c) { write_struct(c, space, size, defaults, "options", sizeof(Version1)); });
    std::memcpy(&host, space, sizeof host);
    return error;
}

}  // namespace

TEST_CASE("C API: an older host's struct gets the defaults of what it does not know") {
    Version2 out{};
    CHECK(read(Version1{sizeof(Version1), 7}, out).code == LAMINA_OK);
    CHECK(out.a == 7);
    CHECK(out.b == 20);
    Version1 old{};
    CHECK(init(old).code == LAMINA_OK);
    CHECK(old.struct_size == sizeof old);
    CHECK(old.a == 10);
}

TEST_CASE("C API: a newer host's struct is taken while it asks for nothing new") {
    Version3 made{};
    CHECK(init(made).code == LAMINA_OK);
    CHECK(made.struct_size == sizeof made);
    CHECK(made.a == 10);
    CHECK(made.b == 20);
    CHECK(made.c == 0);
    Version2 out{};
    made.a = 5;
    CHECK(read(made, out).code == LAMINA_OK);
    CHECK(out.a == 5);
    made.c = std::uint64_t{1} << 63;
    lamina_error error = read(made, out);
    CHECK(error.code == LAMINA_UNSUPPORTED);
    CHECK(std::string(error.subject.data) == "options");
    lamina_error_free(&error);
}

TEST_CASE("C API: sizes that no version has are refused") {
    Version2 out{};
    for (const std::size_t size : {std::size_t{0}, sizeof(std::size_t), sizeof(Version1) - 1,
                                   std::size_t{4097}, ~std::size_t{0}, std::size_t{0xABABABABABABABAB}}) {
        CAPTURE(size);
        lamina_error error = read(Version2{size, 1, 2}, out);
        CHECK(error.code == LAMINA_INVALID_ARGUMENT);
        CHECK(std::string(error.subject.data) == "options.struct_size");
        CHECK(std::string(error.found.data) == std::to_string(size));
        lamina_error_free(&error);
        Version2 made{};
        error = init(made, size);
        CHECK(error.code == LAMINA_INVALID_ARGUMENT);
        CHECK(std::string(error.subject.data) == "struct_size");
        lamina_error_free(&error);
        CHECK(made.a == 0xABABABABABABABAB);  // not touched
    }
}

// A struct of a host that was compiled against later headers, given to the real functions.
TEST_CASE("C API: every struct of a host may be longer") {
    const auto later = [](auto known, auto init, auto use) {
        using Struct = decltype(known);
        struct Later {
            Struct known;
            std::uint64_t fresh;
        } later;
        std::memset(static_cast<void*>(&later), 0xAB, sizeof later);
        REQUIRE(init(&later.known, sizeof later).code == LAMINA_OK);
        CHECK(later.fresh == 0);
        CHECK(later.known.struct_size == sizeof later);
        const auto asks_too_much = [&] {
            lamina_error error = use(&later.known);
            const bool found = error.code == LAMINA_UNSUPPORTED &&
                               std::strstr(error.found.data, "that a later version knows") != nullptr;
            lamina_error_free(&error);
            return found;
        };
        CHECK_FALSE(asks_too_much());
        later.fresh = 1;
        CHECK(asks_too_much());
    };
    lamina_model* model = nullptr;
    later(lamina_model_options{}, lamina_model_options_init, [&](const lamina_model_options* options) {
        return lamina_model_load("/nowhere", options, &model);
    });
    lamina_chat_template* chat = nullptr;
    REQUIRE(lamina_chat_template_chatml(&chat).code == LAMINA_OK);
    later(lamina_render_options{}, lamina_render_options_init, [&](const lamina_render_options* options) {
        lamina_text* text = nullptr;
        const auto error = lamina_chat_template_render(chat, nullptr, 0, options, &text);
        lamina_text_free(text);
        return error;
    });
    lamina_chat_template_free(chat);
    lamina_model* tiny = nullptr;
    REQUIRE(lamina_model_load(LAMINA_TEST_DATA "/tiny/llama.gguf", nullptr, &tiny).code == LAMINA_OK);
    later(lamina_embed_options{}, lamina_embed_options_init, [&](const lamina_embed_options* options) {
        return lamina_model_embed_tokens(tiny, nullptr, 0, options, nullptr, 0);
    });
    lamina_engine* engine = nullptr;
    later(lamina_engine_options{}, lamina_engine_options_init, [&](const lamina_engine_options* options) {
        lamina_engine_free(engine);
        return lamina_engine_create(tiny, options, &engine);
    });
    REQUIRE(lamina_engine_create(tiny, nullptr, &engine).code == LAMINA_OK);
    lamina_answer* answer = nullptr;
    later(lamina_request{}, lamina_request_init,
          [&](const lamina_request* request) { return lamina_engine_submit(engine, request, &answer); });
    lamina_request request;
    REQUIRE(lamina_request_init(&request, sizeof request).code == LAMINA_OK);
    later(lamina_sampling_params{}, lamina_sampling_params_init, [&](const lamina_sampling_params* params) {
        request.sampling = params;
        return lamina_engine_submit(engine, &request, &answer);
    });
    const lamina_token ids[] = {1};
    request.sampling = nullptr;
    request.tokens = ids;
    request.token_count = 1;
    REQUIRE(lamina_engine_submit(engine, &request, &answer).code == LAMINA_OK);
    struct {
        lamina_statistics known;
        std::uint64_t fresh;
    } statistics;
    std::memset(static_cast<void*>(&statistics), 0xAB, sizeof statistics);
    REQUIRE(lamina_answer_statistics(answer, &statistics.known, sizeof statistics).code == LAMINA_OK);
    CHECK(statistics.known.prompt_tokens == 1);
    CHECK(statistics.fresh == 0);
    lamina_answer_free(answer);
    lamina_engine_free(engine);
    lamina_model_free(tiny);
}

}  // namespace lamina::c_api
