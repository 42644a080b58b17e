#pragma once

#include <unistd.h>

namespace tundish::testing {

/// Where the ranks of the next cluster of this process meet: a port for each. Test programs that run side by side have
/// neighbouring process numbers, so these lie 32 ports apart; all are below those that the kernel gives to connections.
inline int next_port() {
    static int port = 20000 + ::getpid() % 375 * 32;
    return port++;
}

}  // namespace tundish::testing
