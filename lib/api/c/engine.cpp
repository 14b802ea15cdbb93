#include "lamina/engine.hpp"

#include <string>

#include "api/c/call.hpp"
#include "api/c/convert.hpp"
#include "api/c/handles.hpp"
#include "api/c/structs.hpp"

namespace lamina::c_api {
namespace {

static_assert(ends_with<std::uint32_t>(offsetof(lamina_engine_options, reserved),
                                       sizeof(lamina_engine_options)));

lamina_engine_options default_options() {
    const EngineOptions defaults;
    lamina_engine_options out{};
    out.struct_size = sizeof out;
    out.queue = defaults.queue;
    return out;
}

EngineOptions engine_options(const Call& c, const lamina_engine_options* given) {
    if (given == nullptr) return {};
    const auto options = read_struct(c, *given, default_options(), "options");
    if (options.reserved != 0) c.errors().refuse("options.reserved", "0", std::to_string(options.reserved));
    return {.queue = options.queue};
}

}  // namespace
}  // namespace lamina::c_api

using namespace lamina;
using c_api::Call;

lamina_error lamina_engine_options_init(lamina_engine_options* options, size_t struct_size) {
    return c_api::call(__func__, [&](const Call& c) {
        c_api::write_struct(c, options, struct_size, c_api::default_options(), "options");
    });
}

lamina_error lamina_engine_create(const lamina_model* model, const lamina_engine_options* options,
                                  lamina_engine** engine) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(engine, "engine");
        out = new lamina_engine{Engine(c.given(model, "model").value, c_api::engine_options(c, options))};
    });
}

void lamina_engine_free(lamina_engine* engine) { delete engine; }

lamina_error lamina_engine_submit(lamina_engine* engine, const lamina_request* request,
                                  lamina_answer** answer) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(answer, "answer");
        auto& self = c.given(engine, "engine").value;
        // First the handle: a request that runs is one that the host holds.
        std::unique_ptr<lamina_answer> handle(new lamina_answer{Answer(nullptr)});
        handle->value = self.submit(c_api::request(c, request));
        out = handle.release();
    });
}

lamina_error lamina_engine_step(lamina_engine* engine, bool* computed) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(computed, "computed");
        out = c.given(engine, "engine").value.step();
    });
}
