#pragma once

#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tundish::testing {

/// The message of the `Kind` of exception that `action` throws; "nothing was thrown" or "another kind: …"
/// otherwise, which no expected text matches.
template <typename Kind, typename Action>
std::string message_of(Action action) {
    try {
        action();
    } catch (const Kind& error) {
        return error.what();
    } catch (const std::exception& error) {
        return std::string("another kind of exception was thrown: ") + error.what();
    }
    return "nothing was thrown";
}

/// The first of `parts` that `message` lacks, with the message; empty when it has all of them.
inline std::string lacks(const std::string& message, std::initializer_list<std::string_view> parts) {
    for (const auto part : parts) {
        if (message.find(part) == std::string::npos) return "'" + std::string(part) + "' is not in: " + message;
    }
    return {};
}

}  // namespace tundish::testing
