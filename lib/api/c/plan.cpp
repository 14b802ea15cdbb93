#include "lamina/plan.hpp"

#include "api/c/call.hpp"
#include "api/c/convert.hpp"
#include "api/c/views.hpp"

using namespace lamina;
using c_api::Call;

lamina_error lamina_make_plan(const char* path, const lamina_model_options* options, lamina_plan** plan) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(plan, "plan");
        const auto settings = c_api::model_options(c, c_api::read_options(c, options));
        out = new c_api::PlanView(make_plan(&c.given(path, "path"), settings));
    });
}

lamina_error lamina_plan_table(const lamina_plan* plan, lamina_text** text) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(text, "text");
        out = new c_api::TextView(static_cast<const c_api::PlanView&>(c.given(plan, "plan")).value.table());
    });
}

lamina_error lamina_plan_json(const lamina_plan* plan, lamina_text** text) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(text, "text");
        out = new c_api::TextView(static_cast<const c_api::PlanView&>(c.given(plan, "plan")).value.json());
    });
}
