#pragma once

#include <optional>

#include "tundish/base/unique_fd.hpp"

namespace tundish {

/// A listening TCP socket on every address of this machine, IPv6 and IPv4 where it has both. Not shared: a second
/// server on the same port fails. The backlog is as long as the kernel allows, for bursts of connections.
class Listener {
  public:
    /// Port 0 takes any free one. Throws ConfigError when the port is taken or may not be used, MachineError otherwise.
    explicit Listener(int port);

    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] int port() const { return port_; }

    /// The next waiting connection, non-blocking, with TCP_NODELAY; nothing when none waits, or none can be taken (see
    /// exhausted()). Throws MachineError when the socket is broken.
    std::optional<UniqueFd> accept();

    /// True when the last accept() left connections in the backlog because the process has no more descriptors, or the
    /// system no memory: the socket stays readable, so do not wait for it at once again.
    [[nodiscard]] bool exhausted() const { return exhausted_; }

  private:
    [[nodiscard]] bool has_waiting() const;

    UniqueFd fd_;
    int port_ = 0;
    bool exhausted_ = false;
};

}  // namespace tundish
