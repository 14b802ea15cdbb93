#include "api/c/codes.hpp"

#include <string>

#include "base/errors.hpp"
#include "lamina/c/embedding.h"
#include "lamina/c/engine.h"
#include "lamina/c/model_options.h"
#include "lamina/c/request.h"
#include "lamina/c/session.h"
#include "lamina/embedding.hpp"
#include "lamina/engine.hpp"
#include "lamina/log.hpp"
#include "lamina/model.hpp"
#include "lamina/session.hpp"

namespace lamina::c_api {
namespace {

template <class Enum>
constexpr bool same(Enum cpp, std::int32_t c) {
    return static_cast<std::int32_t>(cpp) == c;
}

static_assert(to_c(ErrorCode::io) == LAMINA_IO);
static_assert(to_c(ErrorCode::bad_file) == LAMINA_BAD_FILE);
static_assert(to_c(ErrorCode::unsupported) == LAMINA_UNSUPPORTED);
static_assert(to_c(ErrorCode::invalid_argument) == LAMINA_INVALID_ARGUMENT);
static_assert(to_c(ErrorCode::out_of_memory) == LAMINA_OUT_OF_MEMORY);
static_assert(to_c(ErrorCode::queue_full) == LAMINA_QUEUE_FULL);
static_assert(to_c(ErrorCode::context_full) == LAMINA_CONTEXT_FULL);
static_assert(to_c(ErrorCode::template_failed) == LAMINA_TEMPLATE_FAILED);
static_assert(to_c(ErrorCode::numerical_fault) == LAMINA_NUMERICAL_FAULT);
static_assert(to_c(ErrorCode::cancelled) == LAMINA_CANCELLED);
static_assert(to_c(ErrorCode::device_failed) == LAMINA_DEVICE_FAILED);

static_assert(same(CacheType::f16, LAMINA_CACHE_F16));
static_assert(same(CacheType::f32, LAMINA_CACHE_F32));
static_assert(same(CacheType::bf16, LAMINA_CACHE_BF16));
static_assert(same(CacheType::automatic, LAMINA_CACHE_AUTOMATIC));
static_assert(same(CacheType::q8_0, LAMINA_CACHE_Q8_0));
static_assert(same(LoadMode::map, LAMINA_LOAD_MAP));
static_assert(same(LoadMode::read, LAMINA_LOAD_READ));
static_assert(same(ComputeType::automatic, LAMINA_COMPUTE_AUTOMATIC));
static_assert(same(ComputeType::f32, LAMINA_COMPUTE_F32));
static_assert(same(ComputeType::bf16, LAMINA_COMPUTE_BF16));
static_assert(same(LogLevel::debug, LAMINA_LOG_DEBUG));
static_assert(same(LogLevel::info, LAMINA_LOG_INFO));
static_assert(same(LogLevel::warning, LAMINA_LOG_WARNING));

static_assert(same(Pooling::mean, LAMINA_POOLING_MEAN));
static_assert(same(Pooling::last, LAMINA_POOLING_LAST));

static_assert(same(WantedLogits::none, LAMINA_LOGITS_NONE));
static_assert(same(WantedLogits::last, LAMINA_LOGITS_LAST));
static_assert(same(WantedLogits::all, LAMINA_LOGITS_ALL));
static_assert(same(WhenFull::stop, LAMINA_WHEN_FULL_STOP));
static_assert(same(WhenFull::shift, LAMINA_WHEN_FULL_SHIFT));

static_assert(same(FinishReason::running, LAMINA_FINISH_RUNNING));
static_assert(same(FinishReason::end_token, LAMINA_FINISH_END_TOKEN));
static_assert(same(FinishReason::stop_string, LAMINA_FINISH_STOP_STRING));
static_assert(same(FinishReason::max_tokens, LAMINA_FINISH_MAX_TOKENS));
static_assert(same(FinishReason::context_full, LAMINA_FINISH_CONTEXT_FULL));
static_assert(same(FinishReason::cancelled, LAMINA_FINISH_CANCELLED));
static_assert(same(FinishReason::failed, LAMINA_FINISH_FAILED));

}  // namespace

void require_ok(lamina_error_code returned, const char* callback) {
    if (returned == LAMINA_OK) return;
    if (const auto code = from_c(returned)) {
        Errors{"host"}.fail(*code, callback, "LAMINA_OK from the callback", to_string(*code));
    }
    Errors{"host"}.refuse(callback, "an error code from the callback", std::to_string(returned));
}

bool goes_on(lamina_error_code returned, const char* callback) {
    if (returned == LAMINA_CANCELLED) return false;
    require_ok(returned, callback);
    return true;
}

}  // namespace lamina::c_api
