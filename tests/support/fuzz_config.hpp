#pragma once

#include "tundish/base/error.hpp"
#include "tundish/sagemaker/failure.hpp"

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

namespace tundish::testing {

/// Ends the program when a promise is broken, so that the fuzzer keeps the input.
inline void promise(bool kept, const char* what) {
    if (kept) return;
    std::cerr << "broken promise: " << what << '\n';
    std::abort();
}

/// Runs `parse` on the text. A ConfigError is fine if its message can be shown; any other exception ends the
/// program.
template <typename Parse>
int try_config(const std::uint8_t* data, std::size_t size, Parse parse) {
    try {
        parse(std::string_view(reinterpret_cast<const char*>(data), size));
    } catch (const ConfigError& error) {
        const std::string shown = failure_text(error.what());
        promise(!shown.empty() && shown.size() <= 1024, "the failure text has 1 to 1,024 bytes");
        promise(failure_text(shown) == shown, "the failure text is whole UTF-8");
    }
    return 0;
}

}  // namespace tundish::testing
