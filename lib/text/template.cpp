#include "text/template.hpp"

#include <utility>

#include "text/jinja/clock.hpp"
#include "text/jinja/interpreter.hpp"
#include "text/jinja/json_input.hpp"
#include "text/jinja/parser.hpp"

namespace lamina::text {

struct Template::State {
    std::string source;  // as given
    jinja::Tree tree;
};

namespace {

// Line ends as "\n", and one at the very end is no part of the template.
std::string normalized(std::string_view source) {
    std::string out;
    out.reserve(source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
        out += source[i] == '\r' ? '\n' : source[i];
    }
    if (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
}

}  // namespace

Template::Template(std::string source) {
    auto state = std::make_unique<State>();
    state->tree = jinja::parse(normalized(source));
    state->source = std::move(source);
    state_ = std::move(state);
}

Template::~Template() = default;

MarkedText Template::render(std::string_view json, std::string_view now, std::uint64_t steps) const {
    jinja::Interpreter interpreter(state_->tree, jinja::read_time(now), steps);
    interpreter.define(*jinja::read_json_object(interpreter.budget(), json));
    return interpreter.render();
}

const std::string& Template::source() const { return state_->source; }

}  // namespace lamina::text
