#include "lamina/session.hpp"

#include <string>
#include <vector>

#include "api/c/call.hpp"
#include "api/c/codes.hpp"
#include "api/c/handles.hpp"

using namespace lamina;
using c_api::Call;

lamina_error lamina_session_create(const lamina_model* model, lamina_session** session) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(session, "session");
        out = new lamina_session{Session(c.given(model, "model").value)};
    });
}

void lamina_session_free(lamina_session* session) { delete session; }

lamina_error lamina_session_open(lamina_session* session, lamina_sequence_id* sequence) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(sequence, "sequence");
        out = c.given(session, "session").value.open();
    });
}

lamina_error lamina_session_close(lamina_session* session, lamina_sequence_id sequence) {
    return c_api::call(__func__, [&](const Call& c) { c.given(session, "session").value.close(sequence); });
}

lamina_error lamina_session_length(const lamina_session* session, lamina_sequence_id sequence,
                                   uint32_t* length) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(length, "length");
        out = c.given(session, "session").value.length(sequence);
    });
}

lamina_error lamina_session_truncate(lamina_session* session, lamina_sequence_id sequence, uint32_t length) {
    return c_api::call(__func__,
                       [&](const Call& c) { c.given(session, "session").value.truncate(sequence, length); });
}

lamina_error lamina_session_forward(lamina_session* session, const lamina_sequence_tokens* items,
                                    size_t count, lamina_logits_sink sink, void* user) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& self = c.given(session, "session").value;
        std::vector<SequenceTokens> rows;
        for (const auto& item : c.list(items, count, "items")) {
            const std::string name = "items[" + std::to_string(rows.size()) + "]";
            rows.push_back(
                {.sequence = item.sequence,
                 .tokens = c.list(item.tokens, item.token_count, (name + ".tokens").c_str()),
                 .logits = c.enumeration(item.logits, WantedLogits::all, (name + ".logits").c_str())});
        }
        Session::LogitsSink take;
        if (sink != nullptr) {
            take = [&](std::size_t item, std::size_t token, std::span<const float> logits) {
                c_api::require_ok(sink(user, item, token, logits.data(), logits.size()), "sink");
            };
        }
        self.forward(rows, take);
    });
}
