#include "api/c/call.hpp"
#include "api/c/handles.hpp"

using namespace lamina;
using c_api::Call;

lamina_error lamina_tokenizer_load(const char* path, lamina_tokenizer** tokenizer) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(tokenizer, "tokenizer");
        out = new lamina_tokenizer{load_tokenizer(&c.given(path, "path"))};
    });
}

lamina_error lamina_tokenizer_copy(const lamina_tokenizer* tokenizer, lamina_tokenizer** copy) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(copy, "copy");
        out = new lamina_tokenizer(c.given(tokenizer, "tokenizer"));
    });
}

void lamina_tokenizer_free(lamina_tokenizer* tokenizer) { delete tokenizer; }

lamina_error lamina_tokenizer_encode(const lamina_tokenizer* tokenizer, lamina_string text, bool special,
                                     lamina_tokens** tokens) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(tokens, "tokens");
        const auto& self = c.given(tokenizer, "tokenizer").value;
        out = new c_api::TokensView(self.encode(c.text(text, "text"), {.special = special}));
    });
}

lamina_error lamina_tokenizer_decode(const lamina_tokenizer* tokenizer, const lamina_token* ids, size_t count,
                                     bool special, lamina_text** text) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(text, "text");
        const auto& self = c.given(tokenizer, "tokenizer").value;
        out = new c_api::TextView(self.decode(c.list(ids, count, "ids"), special));
    });
}

lamina_error lamina_tokenizer_piece(const lamina_tokenizer* tokenizer, lamina_token id, lamina_text** text) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(text, "text");
        out = new c_api::TextView(c.given(tokenizer, "tokenizer").value.piece(id));
    });
}

lamina_error lamina_tokenizer_find(const lamina_tokenizer* tokenizer, lamina_string text, lamina_token* id) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(id, "id", -1);
        out = c.given(tokenizer, "tokenizer").value.find(c.text(text, "text")).value_or(-1);
    });
}

lamina_error lamina_tokenizer_size(const lamina_tokenizer* tokenizer, uint32_t* size) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(size, "size");
        out = c.given(tokenizer, "tokenizer").value.size();
    });
}

lamina_error lamina_tokenizer_bos(const lamina_tokenizer* tokenizer, lamina_token* id) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(id, "id", -1);
        out = c.given(tokenizer, "tokenizer").value.bos();
    });
}

lamina_error lamina_tokenizer_eos(const lamina_tokenizer* tokenizer, lamina_token* id) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(id, "id", -1);
        out = c.given(tokenizer, "tokenizer").value.eos();
    });
}

lamina_error lamina_tokenizer_ends_generation(const lamina_tokenizer* tokenizer, lamina_token id,
                                              bool* ends) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(ends, "ends");
        out = c.given(tokenizer, "tokenizer").value.ends_generation(id);
    });
}

lamina_error lamina_tokenizer_is_control(const lamina_tokenizer* tokenizer, lamina_token id, bool* control) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(control, "control");
        out = c.given(tokenizer, "tokenizer").value.is_control(id);
    });
}

lamina_error lamina_detokenizer_create(const lamina_tokenizer* tokenizer, bool special,
                                       lamina_detokenizer** detokenizer) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(detokenizer, "detokenizer");
        out = new lamina_detokenizer{Detokenizer(c.given(tokenizer, "tokenizer").value, special)};
    });
}

void lamina_detokenizer_free(lamina_detokenizer* detokenizer) { delete detokenizer; }

lamina_error lamina_detokenizer_push(lamina_detokenizer* detokenizer, lamina_token id, lamina_text** text) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(text, "text");
        out = new c_api::TextView(c.given(detokenizer, "detokenizer").value.push(id));
    });
}

lamina_error lamina_detokenizer_flush(lamina_detokenizer* detokenizer, lamina_text** text) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(text, "text");
        out = new c_api::TextView(c.given(detokenizer, "detokenizer").value.flush());
    });
}
