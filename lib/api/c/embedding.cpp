#include "lamina/embedding.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "api/c/call.hpp"
#include "api/c/handles.hpp"
#include "api/c/structs.hpp"
#include "lamina/c/embedding.h"

namespace lamina::c_api {
namespace {

static_assert(ends_with<std::uint8_t[3]>(offsetof(lamina_embed_options, reserved),
                                         sizeof(lamina_embed_options)));

lamina_embed_options default_options() {
    const EmbedOptions defaults;
    lamina_embed_options out{};
    out.struct_size = sizeof out;
    out.pooling = static_cast<std::int32_t>(defaults.pooling);
    out.normalise = defaults.normalise;
    return out;
}

EmbedOptions embed_options(const Call& c, const lamina_embed_options* given) {
    if (given == nullptr) return {};
    const auto options = read_struct(c, *given, default_options(), "options");
    for (const auto byte : options.reserved)
        if (byte != 0) c.errors().refuse("options.reserved", "0", std::to_string(byte));
    return {.pooling = c.enumeration(options.pooling, Pooling::last, "options.pooling"),
            .normalise = options.normalise};
}

std::vector<TokenId> text_of(const Call& c, const lamina_token_ids& given, const std::string& name) {
    const auto ids = c.list(given.ids, given.count, (name + ".ids").c_str());
    return {ids.begin(), ids.end()};
}

std::string text_of(const Call& c, lamina_string given, const std::string& name) {
    return std::string(c.text(given, name));
}

template <class Text, class Given>
lamina_error embed(const char* function, const lamina_model* model, const Given* texts, std::size_t count,
                   const lamina_embed_options* options, float* values, std::size_t value_count) {
    return call(function, [&](const Call& c) {
        const auto& self = c.given(model, "model").value;
        const auto out = c.list(values, value_count, "values");
        const auto given = c.list(texts, count, "texts");
        const std::size_t width = self.info().embedding;
        if (value_count % width != 0 || value_count / width != count) {  // the product might overflow
            c.errors().refuse("value_count", std::to_string(count) + " x " + std::to_string(width),
                              std::to_string(value_count));
        }
        const auto how = embed_options(c, options);
        std::vector<Text> read;
        for (const auto& text : given)
            read.push_back(text_of(c, text, "texts[" + std::to_string(read.size()) + "]"));
        auto to = out.begin();
        for (const auto& vector : lamina::embed(self, read, how))
            to = std::copy(vector.begin(), vector.end(), to);
    });
}

}  // namespace
}  // namespace lamina::c_api

using namespace lamina;
using c_api::Call;

lamina_error lamina_embed_options_init(lamina_embed_options* options, size_t struct_size) {
    return c_api::call(__func__, [&](const Call& c) {
        c_api::write_struct(c, options, struct_size, c_api::default_options(), "options");
    });
}

lamina_error lamina_model_embed_tokens(const lamina_model* model, const lamina_token_ids* texts, size_t count,
                                       const lamina_embed_options* options, float* values,
                                       size_t value_count) {
    return c_api::embed<std::vector<TokenId>>(__func__, model, texts, count, options, values, value_count);
}

lamina_error lamina_model_embed_texts(const lamina_model* model, const lamina_string* texts, size_t count,
                                      const lamina_embed_options* options, float* values,
                                      size_t value_count) {
    return c_api::embed<std::string>(__func__, model, texts, count, options, values, value_count);
}
