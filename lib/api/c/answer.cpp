#include <utility>

#include "api/c/call.hpp"
#include "api/c/handles.hpp"
#include "api/c/structs.hpp"

namespace lamina::c_api {
namespace {

static_assert(ends_with<double>(offsetof(lamina_statistics, tokens_per_second), sizeof(lamina_statistics)));

lamina_statistics to_c(const Statistics& statistics) {
    lamina_statistics out{};
    out.prompt_tokens = statistics.prompt_tokens;
    out.cached_tokens = statistics.cached_tokens;
    out.generated_tokens = statistics.generated_tokens;
    out.queue_seconds = statistics.queue_seconds;
    out.prefill_seconds = statistics.prefill_seconds;
    out.decode_seconds = statistics.decode_seconds;
    out.tokens_per_second = statistics.tokens_per_second();
    return out;
}

}  // namespace
}  // namespace lamina::c_api

using namespace lamina;
using c_api::Call;

lamina_error lamina_answer_copy(const lamina_answer* answer, lamina_answer** copy) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(copy, "copy");
        out = new lamina_answer(c.given(answer, "answer"));
    });
}

void lamina_answer_free(lamina_answer* answer) { delete answer; }

lamina_error lamina_answer_next(lamina_answer* answer, lamina_piece** piece) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(piece, "piece");
        Piece next;
        if (c.given(answer, "answer").value.next(next)) out = new c_api::PieceView(std::move(next));
    });
}

lamina_error lamina_answer_wait(lamina_answer* answer) {
    return c_api::call(__func__, [&](const Call& c) { c.given(answer, "answer").value.wait(); });
}

lamina_error lamina_answer_text(lamina_answer* answer, lamina_text** text) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(text, "text");
        out = new c_api::TextView(c.given(answer, "answer").value.text());
    });
}

lamina_error lamina_answer_cancel(lamina_answer* answer) {
    return c_api::call(__func__, [&](const Call& c) { c.given(answer, "answer").value.cancel(); });
}

lamina_error lamina_answer_finished(const lamina_answer* answer, bool* finished) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(finished, "finished");
        out = c.given(answer, "answer").value.finished();
    });
}

lamina_error lamina_answer_finish_reason(const lamina_answer* answer, lamina_finish_reason* reason) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(reason, "reason");
        out = static_cast<std::int32_t>(c.given(answer, "answer").value.finish_reason());
    });
}

lamina_error lamina_answer_error(const lamina_answer* answer, lamina_error* failure) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(failure, "failure", c_api::no_error());
        out = c_api::error_of(c.given(answer, "answer").value.error());
    });
}

lamina_error lamina_answer_tokens(const lamina_answer* answer, lamina_tokens** tokens) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(tokens, "tokens");
        out = new c_api::TokensView(c.given(answer, "answer").value.tokens());
    });
}

lamina_error lamina_answer_statistics(const lamina_answer* answer, lamina_statistics* statistics,
                                      size_t struct_size) {
    return c_api::call(__func__, [&](const Call& c) {
        c_api::write_struct(c, statistics, struct_size, lamina_statistics{}, "statistics");
        const auto values = c_api::to_c(c.given(answer, "answer").value.statistics());
        c_api::write_struct(c, statistics, struct_size, values, "statistics");
    });
}

const char* lamina_finish_reason_name(lamina_finish_reason reason) {
    return to_string(static_cast<FinishReason>(reason)).data();
}
