#include "text/detokenizer.hpp"

#include <utility>

namespace lamina::text {

// What fails changes nothing: the state moves on at the end.
std::string Detokenizer::push(std::int32_t id) {
    std::string out;
    Utf8Repair next = repair_;
    next.push(tokenizer_->text_of(id, special_, start_), out);
    repair_ = std::move(next);
    start_ = start_ && !special_ && tokenizer_->is_control(id);
    return out;
}

std::string Detokenizer::flush() {
    std::string out;
    Utf8Repair next = repair_;
    next.flush(out);
    repair_ = std::move(next);
    start_ = true;
    return out;
}

}  // namespace lamina::text
