#include <string>

#include "api/c/codes.hpp"
#include "api/c/convert.hpp"
#include "api/c/structs.hpp"
#include "api/c/views.hpp"

namespace lamina::c_api {
namespace {

static_assert(ends_with<void*>(offsetof(lamina_model_options, allocator_user), sizeof(lamina_model_options)));

lamina_model_options default_options() {
    const ModelOptions defaults;
    lamina_model_options out{};
    out.struct_size = sizeof out;
    out.context = defaults.context;
    out.sequences = defaults.sequences;
    out.batch_tokens = defaults.batch_tokens;
    out.logit_rows = defaults.logit_rows;
    out.threads = defaults.threads;
    out.pin_threads = defaults.pin_threads;
    out.invariant = defaults.invariant;
    out.repack = defaults.repack;
    out.profile = defaults.profile;
    out.cache = static_cast<std::int32_t>(defaults.cache);
    out.compute = static_cast<std::int32_t>(defaults.compute);
    out.load = static_cast<std::int32_t>(defaults.load);
    return out;
}

void run_body(void* task, std::int32_t thread) {
    (*static_cast<const std::function<void(int)>*>(task))(thread);
}

HostThreads host_threads(lamina_host_threads run, void* user) {
    return [run, user](int count, const std::function<void(int)>& body) {
        // C has no pointers to const that may be handed back; run_body takes it as one.
        require_ok(run(user, count, run_body, const_cast<std::function<void(int)>*>(&body)), "host_threads");
    };
}

void set_callbacks(ModelOptions& out, const lamina_model_options& options) {
    if (const auto call = options.progress) {
        out.progress = [call, user = options.progress_user](std::uint64_t done, std::uint64_t total) {
            return goes_on(call(user, done, total), "progress");
        };
    }
    if (const auto call = options.log) {
        out.log = [call, user = options.log_user](LogLevel level, std::string_view message) {
            const std::string text(message);  // with its NUL
            call(user, static_cast<std::int32_t>(level), view(text));
        };
    }
    if (options.host_threads != nullptr)
        out.host_threads = host_threads(options.host_threads, options.host_threads_user);
    if (const auto call = options.allocate) {
        out.allocator.allocate = [call, user = options.allocator_user](std::uint64_t bytes,
                                                                       std::uint64_t alignment) {
            return call(user, bytes, alignment);
        };
    }
    if (const auto call = options.release) {
        out.allocator.release = [call, user = options.allocator_user](void* data, std::uint64_t bytes,
                                                                      std::uint64_t alignment) {
            call(user, data, bytes, alignment);
        };
    }
}

}  // namespace

lamina_model_options read_options(const Call& c, const lamina_model_options* given) {
    return given != nullptr ? read_struct(c, *given, default_options(), "options") : default_options();
}

ModelOptions model_options(const Call& c, const lamina_model_options& options) {
    ModelOptions out;
    out.context = options.context;
    out.sequences = options.sequences;
    out.batch_tokens = options.batch_tokens;
    out.logit_rows = options.logit_rows;
    for (const char* const& device : c.list(options.devices, options.device_count, "options.devices"))
        out.devices.emplace_back(&c.given(device, "options.devices"));
    if (options.backend != nullptr) out.backend = options.backend;
    out.threads = options.threads;
    out.pin_threads = options.pin_threads;
    out.invariant = options.invariant;
    out.repack = options.repack;
    out.profile = options.profile;
    out.cache = c.enumeration(options.cache, CacheType::q8_0, "options.cache");
    out.compute = c.enumeration(options.compute, ComputeType::bf16, "options.compute");
    out.load = c.enumeration(options.load, LoadMode::read, "options.load");
    set_callbacks(out, options);
    return out;
}

}  // namespace lamina::c_api

using namespace lamina;
using c_api::Call;

lamina_error lamina_model_options_init(lamina_model_options* options, size_t struct_size) {
    return c_api::call(__func__, [&](const Call& c) {
        c_api::write_struct(c, options, struct_size, c_api::default_options(), "options");
    });
}
