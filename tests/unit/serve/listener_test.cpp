#include "tundish/serve/listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <thread>

#include "support/catch.hpp"
#include "support/http_client.hpp"

using namespace tundish;

TEST_CASE("what is written to an accepted connection is sent at once, without waiting to be acknowledged") {
    Listener listener(0);
    const testing::HttpClient client(listener.port());
    auto accepted = listener.accept();
    for (; !accepted; accepted = listener.accept()) std::this_thread::yield();
    int on = 0;
    socklen_t size = sizeof on;
    REQUIRE(::getsockopt(accepted->get(), IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0);
    CHECK(on != 0);
}
