#pragma once

#include "support/stopped_child.hpp"

#include <signal.h>

#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>

namespace tundish::testing {

/// A server in a child process, since a stop cannot be taken back. SIGKILL at the end of its life. One at a time: their
/// stop flags share a descriptor.
class ServerChild {
  public:
    using ReportPort = std::function<void(int port)>;
    using Action = std::function<int(const ReportPort&)>;

    /// `action` opens the server, reports its port and serves until a stop; it returns the exit code. It must not use
    /// Catch2's macros.
    explicit ServerChild(const Action& action) {
        forget_other_childrens_stop();
        int ends[2];
        if (::pipe(ends) != 0) throw std::runtime_error("pipe failed");
        std::fflush(nullptr);
        child_ = ::fork();
        if (child_ == 0) run(action, ends[1]);
        ::close(ends[1]);
        if (::read(ends[0], &port_, sizeof port_) != sizeof port_) port_ = -1;
        ::close(ends[0]);
    }
    ServerChild(const ServerChild&) = delete;
    ServerChild& operator=(const ServerChild&) = delete;
    ~ServerChild() {
        if (child_ > 0) ::kill(child_, SIGKILL);
        if (child_ > 0) ::waitpid(child_, nullptr, 0);
        forget_other_childrens_stop();
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] pid_t pid() const { return child_; }

    void stop() const { ::kill(child_, SIGTERM); }

    /// The exit code, or 1000 + the signal that ended it.
    int wait() {
        int status = 0;
        ::waitpid(child_, &status, 0);
        child_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }

  private:
    [[noreturn]] static void run(const Action& action, int to) {
        int code = 99;
        ::alarm(300);  // a server that does not end fails the test, not the whole run
        try {
            install_stop_signals();
            code = action([to](int port) {
                [[maybe_unused]] const auto ignored = ::write(to, &port, sizeof port);
                ::close(to);
            });
        } catch (const std::exception& error) {
            std::fprintf(stderr, "the server ended: %s\n", error.what());
        }
        ::_exit(code);
    }

    pid_t child_ = -1;
    int port_ = -1;
};

}  // namespace tundish::testing
