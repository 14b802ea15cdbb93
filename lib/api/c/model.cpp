#include "lamina/model.hpp"

#include <memory>
#include <utility>

#include "api/c/call.hpp"
#include "api/c/convert.hpp"
#include "api/c/handles.hpp"

namespace lamina::c_api {

ModelViews::ModelViews(const Model& model, const lamina_model_options& given)
    : info(model.info()), plan(model.plan()), resolved(model.options()), options(given) {
    for (const auto& device : resolved.devices) devices.push_back(device.c_str());
    options.struct_size = sizeof options;
    options.context = resolved.context;
    options.sequences = resolved.sequences;
    options.batch_tokens = resolved.batch_tokens;
    options.logit_rows = resolved.logit_rows;
    options.devices = devices.data();
    options.device_count = devices.size();
    options.backend = resolved.backend.c_str();
    options.threads = resolved.threads;
    options.pin_threads = resolved.pin_threads;
    options.cache = static_cast<std::int32_t>(resolved.cache);
    options.compute = static_cast<std::int32_t>(resolved.compute);
    options.invariant = resolved.invariant;
    options.repack = resolved.repack;
    options.profile = resolved.profile;
    options.load = static_cast<std::int32_t>(resolved.load);
}

}  // namespace lamina::c_api

using namespace lamina;
using c_api::Call;

lamina_error lamina_model_load(const char* path, const lamina_model_options* options, lamina_model** model) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(model, "model");
        const auto given = c_api::read_options(c, options);
        auto loaded = Model::load(&c.given(path, "path"), c_api::model_options(c, given));
        auto views = std::make_shared<const c_api::ModelViews>(loaded, given);
        out = new lamina_model{std::move(loaded), std::move(views)};
    });
}

lamina_error lamina_model_copy(const lamina_model* model, lamina_model** copy) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(copy, "copy");
        out = new lamina_model(c.given(model, "model"));
    });
}

void lamina_model_free(lamina_model* model) { delete model; }

lamina_error lamina_model_get_info(const lamina_model* model, const lamina_model_info** info) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(info, "info");
        out = &c.given(model, "model").views->info;
    });
}

lamina_error lamina_model_get_plan(const lamina_model* model, const lamina_plan** plan) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(plan, "plan");
        out = &c.given(model, "model").views->plan;
    });
}

lamina_error lamina_model_get_options(const lamina_model* model, const lamina_model_options** options) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(options, "options");
        out = &c.given(model, "model").views->options;
    });
}

lamina_error lamina_model_has_tokenizer(const lamina_model* model, bool* has_tokenizer) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(has_tokenizer, "has_tokenizer");
        out = c.given(model, "model").value.has_tokenizer();
    });
}

lamina_error lamina_model_tokenizer(const lamina_model* model, lamina_tokenizer** tokenizer) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(tokenizer, "tokenizer");
        out = new lamina_tokenizer{c.given(model, "model").value.tokenizer()};
    });
}

lamina_error lamina_model_chat_template(const lamina_model* model, lamina_chat_template** chat_template) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(chat_template, "chat_template");
        auto found = c.given(model, "model").value.chat_template();
        if (found) out = new lamina_chat_template{std::move(*found)};
    });
}

lamina_error lamina_model_implementations(const lamina_model* model,
                                          lamina_implementation_list** implementations) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(implementations, "implementations");
        out = new c_api::ImplementationListView(c.given(model, "model").value.implementations());
    });
}

lamina_error lamina_model_take_profile(const lamina_model* model, lamina_op_time_list** times) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(times, "times");
        out = new c_api::OpTimeListView(c.given(model, "model").value.take_profile());
    });
}

lamina_error lamina_model_measure_device(const lamina_model* model, lamina_device_speed* speed) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(speed, "speed");
        const DeviceSpeed measured = c.given(model, "model").value.measure_device();
        out = {.read_bytes_per_s = measured.read_bytes_per_s,
               .int8_operations_per_s = measured.int8_operations_per_s,
               .bf16_operations_per_s = measured.bf16_operations_per_s,
               .f32_operations_per_s = measured.f32_operations_per_s};
    });
}

lamina_error lamina_inspect(const char* path, lamina_model_info** info) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(info, "info");
        out = new c_api::ModelInfoView(inspect(&c.given(path, "path")));
    });
}

lamina_error lamina_architectures(lamina_strings** architectures) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(architectures, "architectures");
        out = new c_api::StringsView(lamina::architectures());
    });
}
