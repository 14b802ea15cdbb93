// JSON text to the values of a run.
#pragma once

#include <string_view>

#include "text/jinja/value.hpp"

namespace lamina::text::jinja {

// The members of a JSON object, in order; of equal keys the last value counts. Texts are untrusted except the
// values of bos_token and eos_token at the top. Throws invalid_argument on what is no JSON object or no
// UTF-8, nested too deeply or holds a number beyond 64 bits.
DictRef read_json_object(Budget& budget, std::string_view json);

}  // namespace lamina::text::jinja
