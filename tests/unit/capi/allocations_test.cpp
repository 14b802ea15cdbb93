// An allocation that fails inside a C function is LAMINA_OUT_OF_MEMORY, and nothing leaks.
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>

#include "lamina/lamina.h"
#include "support/allocations.hpp"
#include "unit/capi/fixture.h"

namespace {

// Remembers the first failure, without memory of its own; later calls are left out.
class Calls {
  public:
    bool good() const { return code_ == LAMINA_OK; }
    lamina_error_code code() const { return code_; }
    const char* text() const { return text_; }
    void operator()(lamina_error error) {
        if (good() && error.code != LAMINA_OK) {
            code_ = error.code;
            std::snprintf(text_, sizeof text_, "%s", error.text.data);
        }
        lamina_error_free(&error);
    }

  private:
    lamina_error_code code_ = LAMINA_OK;
    char text_[500] = "";
};

// Runs work(calls) with its first allocation failing, then its second, and so on until none is left to fail.
template <class Work>
void sweep(const Work& work) {
    Calls plain;  // what the library keeps for good is made here
    work(plain);
    REQUIRE(plain.good());
    for (const bool lasting : {false, true}) {
        std::uint64_t failures = 0;
        bool more = true;
        for (std::uint64_t k = 1; more; k += k < 300 ? 1 : k / 16) {
            Calls calls;
            const auto before = lamina::test::live_allocations();
            {
                lamina::test::AllocationFault fault(k, lasting);
                fault.arm();
                work(calls);
                fault.disarm();
                more = fault.happened();
            }
            const auto after = lamina::test::live_allocations();
            CAPTURE(k, lasting, calls.text());
            REQUIRE((calls.good() || calls.code() == LAMINA_OUT_OF_MEMORY));
            REQUIRE(after == before);
            failures += calls.good() ? 0 : 1;
        }
        CHECK(failures > 0);
    }
}

struct Directory {
    Directory() { make_directory(), path = write_text_model(); }
    ~Directory() { remove_directory(); }
    const char* path = nullptr;
};

}  // namespace

TEST_CASE("C API: failing allocations in text functions") {
    const Directory directory;
    lamina_tokenizer* tokenizer = nullptr;
    REQUIRE(lamina_tokenizer_load(directory.path, &tokenizer).code == LAMINA_OK);
    sweep([&](Calls& calls) {
        lamina_tokenizer* copy = nullptr;
        lamina_tokens *ids = nullptr, *chat_ids = nullptr;
        lamina_text *text = nullptr, *piece = nullptr, *pushed = nullptr, *rendered = nullptr;
        lamina_detokenizer* stream = nullptr;
        lamina_chat_template* chat = nullptr;
        const lamina_message message = {lamina_string_of("user"),
                                        lamina_string_of("a long text, beyond any small string")};
        calls(lamina_tokenizer_copy(tokenizer, &copy));
        calls(lamina_tokenizer_encode(tokenizer, message.content, true, &ids));
        if (ids != nullptr) calls(lamina_tokenizer_decode(tokenizer, ids->ids, ids->count, false, &text));
        calls(lamina_tokenizer_piece(tokenizer, 262, &piece));
        calls(lamina_detokenizer_create(tokenizer, true, &stream));
        if (stream != nullptr) calls(lamina_detokenizer_push(stream, 262, &pushed));
        calls(lamina_chat_template_chatml(&chat));
        if (chat != nullptr) {
            calls(lamina_chat_template_render(chat, &message, 1, nullptr, &rendered));
            calls(lamina_chat_template_encode(chat, tokenizer, &message, 1, nullptr, &chat_ids));
        }
        lamina_text_free(text);
        lamina_text_free(piece);
        lamina_text_free(pushed);
        lamina_text_free(rendered);
        lamina_tokens_free(ids);
        lamina_tokens_free(chat_ids);
        lamina_tokenizer_free(copy);
        lamina_detokenizer_free(stream);
        lamina_chat_template_free(chat);
    });
    lamina_tokenizer_free(tokenizer);
}

TEST_CASE("C API: failing allocations from a model to its answer") {
    const Directory directory;
    sweep([&](Calls& calls) {
        lamina_model_options options;
        calls(lamina_model_options_init(&options, sizeof options));
        options.context = 128;
        options.backend = "reference";
        options.threads = 1;
        lamina_model* model = nullptr;
        lamina_engine* engine = nullptr;
        lamina_answer* answer = nullptr;
        lamina_text* text = nullptr;
        lamina_piece* piece = nullptr;
        lamina_request request;
        calls(lamina_request_init(&request, sizeof request));
        request.prompt = lamina_string_of("hello");
        request.max_tokens = 2;
        request.ignore_end = true;
        request.logprobs = 2;
        calls(lamina_model_load(directory.path, &options, &model));
        if (model != nullptr) calls(lamina_engine_create(model, nullptr, &engine));
        if (engine != nullptr) calls(lamina_engine_submit(engine, &request, &answer));
        if (answer != nullptr) {
            calls(lamina_answer_next(answer, &piece));
            calls(lamina_answer_text(answer, &text));
        }
        lamina_text_free(text);
        lamina_piece_free(piece);
        lamina_answer_free(answer);
        lamina_engine_free(engine);
        lamina_model_free(model);
    });
}

namespace {

// What came of embedding texts with each allocation failing in turn.
struct Embedded {
    std::uint64_t failures = 0;
    Calls unexpected;  // anything but "no memory", or a failure once there is memory again
    std::int64_t left_over =
        0;  // allocations, counted with the model gone: it keeps page lists that have grown
};

// Without Catch's macros, which allocate.
Embedded embed_without_memory(const char* path, bool lasting) {
    Embedded out;
    const auto before = lamina::test::live_allocations();
    lamina_model_options options;
    out.unexpected(lamina_model_options_init(&options, sizeof options));
    options.context = 128;
    options.sequences = 2;
    options.backend = "reference";
    options.threads = 1;
    lamina_model* model = nullptr;
    out.unexpected(lamina_model_load(path, &options, &model));
    const lamina_string texts[] = {lamina_string_of("hello"), lamina_string_of("a longer text"),
                                   lamina_string_of("more texts than sequences")};
    float values[3 * 64] = {};
    const auto embed = [&] { return lamina_model_embed_texts(model, texts, 3, nullptr, values, 3 * 64); };
    bool more = out.unexpected.good();
    for (std::uint64_t k = 1; more; ++k) {
        {
            lamina::test::AllocationFault fault(k, lasting);
            fault.arm();
            lamina_error error = embed();
            fault.disarm();
            more = fault.happened();
            out.failures += error.code == LAMINA_OUT_OF_MEMORY ? 1 : 0;
            if (error.code == LAMINA_OUT_OF_MEMORY) lamina_error_free(&error);
            out.unexpected(error);
        }
        out.unexpected(embed());
    }
    lamina_model_free(model);
    out.left_over = static_cast<std::int64_t>(lamina::test::live_allocations() - before);
    return out;
}

}  // namespace

TEST_CASE("C API: failing allocations in embeddings") {
    const Directory directory;
    embed_without_memory(directory.path, false);  // what the library keeps for good is made here
    for (const bool lasting : {false, true}) {
        const auto out = embed_without_memory(directory.path, lasting);
        CAPTURE(lasting, out.unexpected.text());
        CHECK(out.failures > 0);
        CHECK(out.unexpected.good());
        CHECK(out.left_over == 0);
    }
}

TEST_CASE("C API: failing allocations in lists and tensor files") {
    sweep([&](Calls& calls) {
        lamina_device_list* devices = nullptr;
        lamina_strings *names = nullptr, *architectures = nullptr;
        lamina_tensor_file* file = nullptr;
        const lamina_string name = lamina_string_of("a name that is longer than a small string");
        const std::uint64_t shape[] = {2};
        const float values[] = {1, 2};
        float back[2] = {};
        calls(lamina_devices(&devices));
        calls(lamina_architectures(&architectures));
        calls(lamina_tensor_file_create(&file));
        if (file != nullptr) {
            calls(lamina_tensor_file_add_f32(file, name, shape, 1, values, 2));
            calls(lamina_tensor_file_set_metadata(file, name, name));
            if (calls.good()) calls(lamina_tensor_file_f32(file, name, back, 2));
            calls(lamina_tensor_file_names(file, &names));
        }
        lamina_tensor_file_free(file);
        lamina_strings_free(names);
        lamina_strings_free(architectures);
        lamina_device_list_free(devices);
    });
}
