/// @file
/// The library never prints: what it has to say goes to a callback that the host gives.
#pragma once

#include <functional>
#include <string_view>

namespace lamina {

/// How much a message matters.
enum class LogLevel {
    debug,    ///< for people who change the library
    info,     ///< what was decided, and why
    warning,  ///< it goes on, but not as well as was asked for
};

/// Takes one message, a line of UTF-8 without its end. Called from the thread that does the work; must not
/// throw.
using LogSink = std::function<void(LogLevel level, std::string_view message)>;

}  // namespace lamina
