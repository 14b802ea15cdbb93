// How statements execute. Macros are in interpreter.cpp, beside the scopes that they keep.
#include "text/jinja/interpreter.hpp"
#include "text/jinja/print.hpp"

namespace lamina::text::jinja {

Flow Data::execute(Interpreter& in) const {
    in.out().append(text->text);
    return Flow::next;
}

Flow Print::execute(Interpreter& in) const {
    const auto shown = in.evaluate(*value);
    in.budget().move_to(offset);
    write_str(in.out(), shown);
    return Flow::next;
}

Flow If::execute(Interpreter& in) const {
    for (const auto& branch : branches) {
        if (is_truthy(in.evaluate(*branch.first))) return in.execute(branch.second);
    }
    return in.execute(otherwise);
}

// The items for which the condition of "for x in y if condition" holds.
Value For::select(Interpreter& in, const Value& all) const {
    ListBuilder out(in.budget());
    for (const auto& item : all.list()->items) {
        Interpreter::Inner scope(in);
        in.assign(target, item);
        if (is_truthy(in.evaluate(*condition))) out.push(item);
    }
    return out.finish();
}

Flow For::execute(Interpreter& in) const {
    Value all(iterate(in, in.evaluate(*items)).list());
    if (condition) all = select(in, all);
    auto state = std::make_shared<Loop>();
    state->depth = all.depth() + 1;
    in.budget().check_depth(state->depth);
    state->items = all;
    const auto& list = all.list()->items;
    for (std::size_t i = 0; i < list.size(); ++i) {
        in.budget().step();
        state->index = i;
        Interpreter::Inner scope(in);
        in.assign(loop, Value(LoopRef(state)));
        in.assign(target, list[i]);
        if (in.execute(body) == Flow::break_loop) break;
    }
    if (!list.empty()) return Flow::next;
    Interpreter::Inner scope(in);
    return in.execute(otherwise);
}

Flow Set::execute(Interpreter& in) const {
    in.assign(target, in.evaluate(*value));
    return Flow::next;
}

namespace {

// A body's text after the filters of its tag. A jump out of the body leaves the text unfinished.
Flow capture_body(Interpreter& in, const Body& body, const std::vector<LinkPtr>& filters, Value& out) {
    {
        Interpreter::Inner scope(in);
        Interpreter::Capture capture(in);
        const auto flow = in.execute(body);
        if (flow != Flow::next) return flow;
        out = capture.finish();
    }
    for (const auto& filter : filters) out = filter->apply(in, out);
    return Flow::next;
}

}  // namespace

Flow SetBlock::execute(Interpreter& in) const {
    Value text;
    const auto flow = capture_body(in, body, filters, text);
    if (flow == Flow::next) in.assign(target, text);
    return flow;
}

Flow FilterBlock::execute(Interpreter& in) const {
    Value text;
    const auto flow = capture_body(in, body, filters, text);
    if (flow == Flow::next) write_str(in.out(), text);
    return flow;
}

Flow With::execute(Interpreter& in) const {
    std::vector<Value> values;  // none of them sees the others
    for (const auto& variable : variables) values.push_back(in.evaluate(*variable.second));
    Interpreter::Inner scope(in);
    for (std::size_t i = 0; i < values.size(); ++i) in.assign(variables[i].first, values[i]);
    return in.execute(body);
}

}  // namespace lamina::text::jinja
