// A parsed chat template and its rendering under budgets.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "text/jinja/budget.hpp"
#include "text/provenance.hpp"

namespace lamina::text {

class Template {
  public:
    explicit Template(std::string source);  // throws template_failed with line and column
    ~Template();

    // `json` is an object whose members become the template's variables: its strings are untrusted, except
    // bos_token and eos_token; `"tools": null` is as no tools at all. Throws template_failed with line and
    // column, and invalid_argument on what is no JSON object in UTF-8. `now` ("2024-07-26T09:05:03") fixes
    // strftime_now; empty means the clock. A rendering of more than `steps` evaluations fails.
    MarkedText render(std::string_view json, std::string_view now,
                      std::uint64_t steps = jinja::max_steps) const;
    const std::string& source() const;

  private:
    struct State;
    std::unique_ptr<const State> state_;
};

}  // namespace lamina::text
