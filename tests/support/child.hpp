#pragma once

#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>

namespace tundish::testing {

/// Runs `action` in a forked child and returns the child's exit code, or 1000 + the signal that ended it. For
/// what changes a process for good: signal handlers, limits, the stop flag. The action must not use Catch2's
/// macros.
template <typename Action>
int exit_code_of(Action action) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        int code = 99;
        try {
            code = action();
        } catch (...) {
        }
        ::_exit(code);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

}  // namespace tundish::testing
