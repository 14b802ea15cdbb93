// CLI11's names for headers: it takes seconds to compile, so that files include <CLI/CLI.hpp> where they need
// it.
#pragma once

namespace CLI {
class App;
class Option;
class ParseError;
}  // namespace CLI
