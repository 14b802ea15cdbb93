// The library never prints: what it has to say goes to a callback that the host gives.
#pragma once

#include <functional>
#include <string_view>

namespace lamina {

enum class LogLevel { debug, info, warning };

// Called from the thread that does the work; must not throw.
using LogSink = std::function<void(LogLevel level, std::string_view message)>;

}  // namespace lamina
