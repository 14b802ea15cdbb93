#include "lamina/c/request.h"

#include <memory>
#include <string>

#include "api/c/codes.hpp"
#include "api/c/convert.hpp"
#include "api/c/handles.hpp"
#include "api/c/structs.hpp"

namespace lamina::c_api {
namespace {

static_assert(ends_with<void*>(offsetof(lamina_request, on_piece_user), sizeof(lamina_request)));

lamina_request default_request() {
    const Request defaults;
    lamina_request out{};
    out.struct_size = sizeof out;
    out.max_tokens = defaults.max_tokens;
    out.logprobs = defaults.logprobs;
    out.report_chosen_logprob = defaults.report_chosen_logprob;
    out.ignore_end = defaults.ignore_end;
    out.when_full = static_cast<std::int32_t>(defaults.when_full);
    out.keep = defaults.keep;
    return out;
}

void set_callbacks(Request& out, const lamina_request& request) {
    if (const auto call = request.on_logits) {
        out.on_logits = [call, user = request.on_logits_user](std::span<float> logits,
                                                              std::span<const TokenId> history) {
            require_ok(call(user, logits.data(), logits.size(), history.data(), history.size()), "on_logits");
        };
    }
    if (const auto call = request.on_piece) {
        out.on_piece = [call, user = request.on_piece_user](const Piece& piece) {
            const PieceView seen(piece);
            return goes_on(call(user, &seen), "on_piece");
        };
    }
}

}  // namespace

Request request(const Call& c, const lamina_request* given) {
    const auto request = read_struct(c, c.given(given, "request"), default_request(), "request");
    Request out;
    out.prompt = c.text(request.prompt, "request.prompt");
    out.messages = messages(c, request.messages, request.message_count);
    const auto tokens = c.list(request.tokens, request.token_count, "request.tokens");
    out.tokens.assign(tokens.begin(), tokens.end());
    out.max_tokens = request.max_tokens;
    out.sampling = sampling_params(c, request.sampling);
    for (const auto& stop : c.list(request.stop, request.stop_count, "request.stop"))
        out.stop.emplace_back(c.text(stop, "request.stop"));
    out.logprobs = request.logprobs;
    out.report_chosen_logprob = request.report_chosen_logprob;
    out.ignore_end = request.ignore_end;
    out.when_full = c.enumeration(request.when_full, WhenFull::shift, "request.when_full");
    out.keep = request.keep;
    if (request.chat_template != nullptr)
        out.chat_template = std::make_shared<const ChatTemplate>(request.chat_template->value);
    set_callbacks(out, request);
    return out;
}

}  // namespace lamina::c_api

using namespace lamina;
using c_api::Call;

lamina_error lamina_request_init(lamina_request* request, size_t struct_size) {
    return c_api::call(__func__, [&](const Call& c) {
        c_api::write_struct(c, request, struct_size, c_api::default_request(), "request");
    });
}
