#include "tundish/serve/listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

void set_option(int fd, int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value);  // a refusal shows when the socket is used
}

bool bind_to(int fd, int port) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<std::uint16_t>(port));
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&v6), sizeof v6) == 0;
}

bool bind_to_v4(int fd, int port) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<std::uint16_t>(port));
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&v4), sizeof v4) == 0;
}

[[noreturn]] void fail_to_bind(int port, int reason) {
    if (reason == EADDRINUSE) {
        throw ConfigError(text("port ", port,
                               " is taken by another process: stop it, or choose another with --port or "
                               "SAGEMAKER_BIND_TO_PORT"));
    }
    if (reason == EACCES)
        throw ConfigError(text("port ", port, " may not be used by this user: choose one above 1023"));
    throw MachineError(text("port ", port, " cannot be opened: ", system_reason(reason)));
}

// IPv6 with IPv4 beside it, or IPv4 alone where the machine has no IPv6.
UniqueFd open_socket(int port) {
    constexpr int kType = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    UniqueFd fd(::socket(AF_INET6, kType, 0));
    if (fd) {
        set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
        set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
        if (bind_to(fd.get(), port)) return fd;
        if (errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT) fail_to_bind(port, errno);
    }
    fd = UniqueFd(::socket(AF_INET, kType, 0));
    if (!fd) throw MachineError(text("no TCP socket can be opened: ", system_reason(errno)));
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (!bind_to_v4(fd.get(), port)) fail_to_bind(port, errno);
    return fd;
}

int port_of(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                               : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

}  // namespace

Listener::Listener(int port) : fd_(open_socket(port)) {
    constexpr int kBacklog = 4096;  // the kernel takes less if net.core.somaxconn is less
    if (::listen(fd_.get(), kBacklog) != 0) fail_to_bind(port, errno);
    port_ = port_of(fd_.get());
}

bool Listener::has_waiting() const {
    pollfd waited{fd_.get(), POLLIN, 0};
    return ::poll(&waited, 1, 0) > 0;
}

std::optional<UniqueFd> Listener::accept() {
    while (true) {
        exhausted_ = false;
        UniqueFd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (fd) {
            set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
            return fd;
        }
        switch (errno) {
            case EINTR:
            case ECONNABORTED:
                continue;
            case EBADF:
            case EINVAL:
            case ENOTSOCK:
                throw MachineError(text("the listening socket is broken: ", system_reason(errno)));
            default:
                // Linux takes a descriptor before it looks whether a connection waits.
                exhausted_ =
                    (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) && has_waiting();
                return std::nullopt;
        }
    }
}

}  // namespace tundish
