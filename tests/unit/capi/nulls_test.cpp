// NULL where a pointer is needed is an error that names function and parameter, whatever the other arguments.
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>

#include "lamina/lamina.h"
#include "unit/capi/fixture.h"

namespace {

template <class T>
inline constexpr bool is_result = std::is_pointer_v<T>&& std::is_pointer_v<std::remove_pointer_t<T>> &&
                                  !std::is_const_v<std::remove_pointer_t<T>>;

// Results begin as something that no function may leave behind.
template <class T>
void poison(T& argument) {
    if constexpr (is_result<T>) {
        if (argument != nullptr) *argument = reinterpret_cast<std::remove_pointer_t<T>>(std::uintptr_t{1});
    }
}

template <class T>
bool is_empty(const T& argument) {
    if constexpr (is_result<T>) return argument == nullptr || *argument == nullptr;
    return true;
}

// Takes away what this argument points to; false where it has nothing, or may be NULL.
template <class T>
bool take_away(T& argument) {
    if constexpr (std::is_pointer_v<T> && !std::is_function_v<std::remove_pointer_t<T>>) {
        if (argument == nullptr) return false;
        argument = nullptr;
        return true;
    } else if constexpr (std::is_same_v<T, lamina_string>) {
        argument = {nullptr, 5};
        return true;
    }
    return false;
}

template <std::size_t Index, class... Args>
std::size_t without(const std::string& name, lamina_error (*function)(Args...),
                    std::tuple<Args...> arguments) {
    if (!take_away(std::get<Index>(arguments))) return 0;
    std::apply([](auto&... each) { (poison(each), ...); }, arguments);
    lamina_error error = std::apply(function, arguments);
    CAPTURE(name, Index, error.text.data);
    CHECK(error.code == LAMINA_INVALID_ARGUMENT);
    CHECK(std::string(error.area.data) == name);
    CHECK(error.subject.size > 0);
    CHECK(std::string(error.found.data) == "NULL");
    CHECK(std::apply([](const auto&... each) { return (is_empty(each) && ...); }, arguments));
    lamina_error_free(&error);
    return 1;
}

template <class... Args, std::size_t... Indices>
std::size_t each(const std::string& name, lamina_error (*function)(Args...),
                 const std::tuple<Args...>& arguments, std::index_sequence<Indices...>) {
    return (std::size_t{0} + ... + without<Indices>(name, function, arguments));
}

// Calls the function with each of its pointers NULL in turn. `arguments` would be good; NULL among them may
// be NULL.
template <class... Args>
void nulls(const std::string& name, lamina_error (*function)(Args...), std::tuple<Args...> arguments) {
    CAPTURE(name);
    CHECK(each(name, function, arguments, std::index_sequence_for<Args...>()) > 0);
}

#define NULLS(function, ...) nulls(#function, function, {__VA_ARGS__})

void good(lamina_error error) {
    CAPTURE(error.text.data);
    REQUIRE(error.code == LAMINA_OK);
}

// One of everything.
struct World {
    World() {
        make_directory();
        path = write_text_model();
        lamina_model_options options;
        good(lamina_model_options_init(&options, sizeof options));
        options.context = 128;
        options.backend = "reference";
        options.threads = 1;  // quick on a busy machine
        good(lamina_model_load(path, &options, &model));
        good(lamina_model_tokenizer(model, &tokenizer));
        good(lamina_model_chat_template(model, &chat));
        good(lamina_model_get_plan(model, &plan));
        good(lamina_detokenizer_create(tokenizer, false, &detokenizer));
        good(lamina_engine_create(model, nullptr, &engine));
        good(lamina_session_create(model, &session));
        good(lamina_tensor_file_create(&file));
        good(lamina_request_init(&request, sizeof request));
        request.prompt = text;
        request.max_tokens = 1;
        good(lamina_engine_submit(engine, &request, &answer));
    }
    ~World() {
        lamina_answer_free(answer);
        lamina_tensor_file_free(file);
        lamina_session_free(session);
        lamina_engine_free(engine);
        lamina_detokenizer_free(detokenizer);
        lamina_chat_template_free(chat);
        lamina_tokenizer_free(tokenizer);
        lamina_model_free(model);
        remove_directory();
    }
    const char* path = nullptr;
    lamina_model* model = nullptr;
    lamina_tokenizer* tokenizer = nullptr;
    lamina_chat_template* chat = nullptr;
    const lamina_plan* plan = nullptr;
    lamina_detokenizer* detokenizer = nullptr;
    lamina_engine* engine = nullptr;
    lamina_session* session = nullptr;
    lamina_tensor_file* file = nullptr;
    lamina_answer* answer = nullptr;
    lamina_request request{};
    const lamina_string text = lamina_string_of("hello");
};

// Results of each type.
struct Results {
    lamina_text* text = nullptr;
    lamina_tokens* tokens = nullptr;
    lamina_strings* strings = nullptr;
    lamina_string string{};
    lamina_token id = 0;
    std::uint32_t number = 0;
    std::size_t size = 0;
    bool yes = false;
};

}  // namespace

TEST_CASE("C API: NULL to models, plans and devices") {
    const World w;
    Results r;
    lamina_model* model = nullptr;
    lamina_tokenizer* tokenizer = nullptr;
    lamina_chat_template* chat = nullptr;
    lamina_device_list* devices = nullptr;
    lamina_model_info* info = nullptr;
    lamina_plan* plan = nullptr;
    const lamina_plan* borrowed_plan = nullptr;
    const lamina_model_info* borrowed_info = nullptr;
    const lamina_model_options* borrowed_options = nullptr;
    lamina_implementation_list* implementations = nullptr;
    lamina_op_time_list* times = nullptr;
    lamina_device_speed speed;
    lamina_model_options options;
    NULLS(lamina_model_options_init, &options, sizeof options);
    NULLS(lamina_model_load, w.path, nullptr, &model);
    NULLS(lamina_model_copy, w.model, &model);
    NULLS(lamina_model_get_info, w.model, &borrowed_info);
    NULLS(lamina_model_get_plan, w.model, &borrowed_plan);
    NULLS(lamina_model_get_options, w.model, &borrowed_options);
    NULLS(lamina_model_has_tokenizer, w.model, &r.yes);
    NULLS(lamina_model_tokenizer, w.model, &tokenizer);
    NULLS(lamina_model_chat_template, w.model, &chat);
    NULLS(lamina_model_implementations, w.model, &implementations);
    NULLS(lamina_model_take_profile, w.model, &times);
    NULLS(lamina_model_measure_device, w.model, &speed);
    NULLS(lamina_inspect, w.path, &info);
    NULLS(lamina_make_plan, w.path, nullptr, &plan);
    NULLS(lamina_plan_table, w.plan, &r.text);
    NULLS(lamina_plan_json, w.plan, &r.text);
    NULLS(lamina_architectures, &r.strings);
    lamina_embed_options embed_options;
    const lamina_token ids[] = {1};
    const lamina_token_ids tokens[] = {{ids, 1}};
    float values[64] = {};
    NULLS(lamina_embed_options_init, &embed_options, sizeof embed_options);
    NULLS(lamina_model_embed_tokens, w.model, tokens, 1, nullptr, values, 64);
    NULLS(lamina_model_embed_texts, w.model, &w.text, 1, nullptr, values, 64);
    NULLS(lamina_devices, &devices);
}

TEST_CASE("C API: NULL to tokenizers and chat templates") {
    const World w;
    Results r;
    lamina_tokenizer* tokenizer = nullptr;
    lamina_detokenizer* detokenizer = nullptr;
    lamina_chat_template* chat = nullptr;
    lamina_render_options options;
    const lamina_token ids[] = {1};
    const lamina_message messages[] = {{w.text, w.text}};
    NULLS(lamina_tokenizer_load, w.path, &tokenizer);
    NULLS(lamina_tokenizer_copy, w.tokenizer, &tokenizer);
    NULLS(lamina_tokenizer_encode, w.tokenizer, w.text, false, &r.tokens);
    NULLS(lamina_tokenizer_decode, w.tokenizer, ids, 1, false, &r.text);
    NULLS(lamina_tokenizer_piece, w.tokenizer, 1, &r.text);
    NULLS(lamina_tokenizer_find, w.tokenizer, w.text, &r.id);
    NULLS(lamina_tokenizer_size, w.tokenizer, &r.number);
    NULLS(lamina_tokenizer_bos, w.tokenizer, &r.id);
    NULLS(lamina_tokenizer_eos, w.tokenizer, &r.id);
    NULLS(lamina_tokenizer_ends_generation, w.tokenizer, 1, &r.yes);
    NULLS(lamina_tokenizer_is_control, w.tokenizer, 1, &r.yes);
    NULLS(lamina_detokenizer_create, w.tokenizer, false, &detokenizer);
    NULLS(lamina_detokenizer_push, w.detokenizer, 1, &r.text);
    NULLS(lamina_detokenizer_flush, w.detokenizer, &r.text);
    NULLS(lamina_render_options_init, &options, sizeof options);
    NULLS(lamina_chat_template_parse, w.text, &chat);
    NULLS(lamina_chat_template_chatml, &chat);
    NULLS(lamina_chat_template_load, w.path, &chat);
    NULLS(lamina_chat_template_copy, w.chat, &chat);
    NULLS(lamina_chat_template_render, w.chat, messages, 1, nullptr, &r.text);
    NULLS(lamina_chat_template_render_json, w.chat, lamina_string_of("{}"), lamina_string_of(""), &r.text);
    NULLS(lamina_chat_template_encode, w.chat, w.tokenizer, messages, 1, nullptr, &r.tokens);
    NULLS(lamina_chat_template_source, w.chat, &r.string);
}

TEST_CASE("C API: NULL to sessions, engines and answers") {
    const World w;
    Results r;
    lamina_session* session = nullptr;
    lamina_engine* engine = nullptr;
    lamina_answer* answer = nullptr;
    lamina_piece* piece = nullptr;
    lamina_finish_reason reason = 0;
    lamina_error failure{};
    lamina_statistics statistics;
    lamina_engine_options engine_options;
    lamina_sampling_params params;
    lamina_request request;
    const lamina_sequence_tokens items[] = {{nullptr, 0, 0, LAMINA_LOGITS_NONE}};
    NULLS(lamina_session_create, w.model, &session);
    NULLS(lamina_session_open, w.session, &r.number);
    NULLS(lamina_session_close, w.session, 0);
    NULLS(lamina_session_length, w.session, 0, &r.number);
    NULLS(lamina_session_truncate, w.session, 0, 0);
    NULLS(lamina_session_forward, w.session, items, 1, nullptr, nullptr);
    NULLS(lamina_sampling_params_init, &params, sizeof params);
    NULLS(lamina_sampling_params_init_greedy, &params, sizeof params);
    NULLS(lamina_request_init, &request, sizeof request);
    NULLS(lamina_engine_options_init, &engine_options, sizeof engine_options);
    NULLS(lamina_engine_create, w.model, nullptr, &engine);
    NULLS(lamina_engine_submit, w.engine, &w.request, &answer);
    NULLS(lamina_engine_step, w.engine, &r.yes);
    NULLS(lamina_answer_copy, w.answer, &answer);
    NULLS(lamina_answer_next, w.answer, &piece);
    NULLS(lamina_answer_wait, w.answer);
    NULLS(lamina_answer_text, w.answer, &r.text);
    NULLS(lamina_answer_cancel, w.answer);
    NULLS(lamina_answer_finished, w.answer, &r.yes);
    NULLS(lamina_answer_finish_reason, w.answer, &reason);
    NULLS(lamina_answer_error, w.answer, &failure);
    NULLS(lamina_answer_tokens, w.answer, &r.tokens);
    NULLS(lamina_answer_statistics, w.answer, &statistics, sizeof statistics);
}

TEST_CASE("C API: NULL to tensor files") {
    const World w;
    Results r;
    lamina_tensor_file* file = nullptr;
    const std::uint64_t* dimensions = nullptr;
    const void* bytes = nullptr;
    const std::uint64_t one[] = {1};
    float f32[] = {0};
    std::int32_t i32[] = {0};
    std::int64_t i64[] = {0};
    std::uint8_t u8[] = {0};
    std::uint16_t u16[] = {0};
    NULLS(lamina_tensor_file_create, &file);
    NULLS(lamina_tensor_file_read, w.path, &file);
    NULLS(lamina_tensor_file_write, w.file, w.path);
    NULLS(lamina_tensor_file_copy, w.file, &file);
    NULLS(lamina_tensor_file_names, w.file, &r.strings);
    NULLS(lamina_tensor_file_has, w.file, w.text, &r.yes);
    NULLS(lamina_tensor_file_shape, w.file, w.text, &dimensions, &r.size);
    NULLS(lamina_tensor_file_dtype, w.file, w.text, &r.string);
    NULLS(lamina_tensor_file_bytes, w.file, w.text, &bytes, &r.size);
    NULLS(lamina_tensor_file_f32, w.file, w.text, f32, 1);
    NULLS(lamina_tensor_file_i32, w.file, w.text, i32, 1);
    NULLS(lamina_tensor_file_i64, w.file, w.text, i64, 1);
    NULLS(lamina_tensor_file_u8, w.file, w.text, u8, 1);
    NULLS(lamina_tensor_file_f16, w.file, w.text, u16, 1);
    NULLS(lamina_tensor_file_bf16, w.file, w.text, u16, 1);
    NULLS(lamina_tensor_file_add_f32, w.file, w.text, one, 1, f32, 1);
    NULLS(lamina_tensor_file_add_i32, w.file, w.text, one, 1, i32, 1);
    NULLS(lamina_tensor_file_add_i64, w.file, w.text, one, 1, i64, 1);
    NULLS(lamina_tensor_file_add_u8, w.file, w.text, one, 1, u8, 1);
    NULLS(lamina_tensor_file_add_f16, w.file, w.text, one, 1, u16, 1);
    NULLS(lamina_tensor_file_add_bf16, w.file, w.text, one, 1, u16, 1);
    NULLS(lamina_tensor_file_metadata_keys, w.file, &r.strings);
    NULLS(lamina_tensor_file_metadata, w.file, w.text, &r.string, &r.yes);
    NULLS(lamina_tensor_file_set_metadata, w.file, w.text, w.text);
    NULLS(lamina_tensor_file_remove_metadata, w.file, w.text);
}
