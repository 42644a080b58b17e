#pragma once

#include "support/child.hpp"
#include "support/temp_folder.hpp"

#include <fcntl.h>

namespace tundish::testing {

/// All that `action` prints and logs on stdout, in a forked child. It must not use Catch2's macros.
template <typename Action>
std::string logged_by(Action action) {
    const TempFolder folder;
    const int file = ::open((folder.path() / "log").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    const int code = exit_code_of([&] {
        ::dup2(file, 1);
        action();
        std::fflush(nullptr);
        return 0;
    });
    ::close(file);
    return code == 0 ? folder.read("log") : "the child ended with " + std::to_string(code);
}

}  // namespace tundish::testing
