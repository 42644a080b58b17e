// A server that may open few files: who gets a place, and what waiting costs.
#include <fcntl.h>
#include <sys/resource.h>

#include <deque>
#include <fstream>
#include <vector>

#include "support/catch.hpp"
#include "support/echo_server.hpp"
#include "support/http_client.hpp"
#include "tundish/base/unique_fd.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

ServerChild::Action with_few_descriptors(const HttpLimits& limits = quick_limits()) {
    return [limits](const ServerChild::ReportPort& report) {
        const rlimit few{40, 40};
        ::setrlimit(RLIMIT_NOFILE, &few);
        return echo_server(limits)(report);
    };
}

}  // namespace

TEST_CASE("without descriptors left, a new connection has the place of the one that has been idle longest") {
#if defined(__SANITIZE_ADDRESS__)
    SKIP_TEST("UBSan looks at memory through a pipe, and finds objects invalid when it gets none");
#endif
    const ServerChild server(with_few_descriptors());
    std::deque<HttpClient> idle;
    for (int i = 0; i < 60; ++i) idle.emplace_back(server.port());
    const auto begin = std::chrono::steady_clock::now();
    CHECK(ask(server.port(), "GET", "/").status == 200);
    CHECK(std::chrono::steady_clock::now() - begin < 5s);  // an idle connection may last 60 s
    CHECK(idle.back().ask("GET", "/").status == 200);
}

TEST_CASE("with the last descriptor in use nobody is sent away, as nobody waits") {
    const ServerChild server([](const ServerChild::ReportPort& report) {
        const rlimit few{40, 40};
        ::setrlimit(RLIMIT_NOFILE, &few);
        auto* http = new HttpServer({.port = 0, .limits = quick_limits()}, EchoHandler());  // see echo_server()
        std::vector<UniqueFd> taken;
        for (UniqueFd fd(::open("/dev/null", O_RDONLY)); fd; fd = UniqueFd(::open("/dev/null", O_RDONLY)))
            taken.push_back(std::move(fd));
        taken.resize(taken.size() - 3);
        report(http->port());  // which closes one more
        return http->run() ? 0 : 3;
    });
    std::deque<HttpClient> open;
    for (int i = 0; i < 3; ++i) {
        open.emplace_back(server.port());
        REQUIRE(open.back().ask("GET", "/").status == 200);
    }
    for (auto& client : open) CHECK(client.ask("GET", "/").status == 200);
}

TEST_CASE("without descriptors left, new connections wait for requests in work, and no processor is burnt") {
#if defined(__SANITIZE_ADDRESS__)
    SKIP_TEST("UBSan looks at memory through a pipe, and finds objects invalid when it gets none");
#else
    HttpLimits patient = quick_limits();
    patient.stall_time = 60s;
    patient.pressed_time = 60s;
    const ServerChild server(with_few_descriptors(patient));
    std::deque<HttpClient> open;
    for (int i = 0; i < 60; ++i) {  // some in the kernel's backlog
        open.emplace_back(server.port());
        open.back().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbod");
    }
    std::this_thread::sleep_for(500ms);
    const auto processor_ticks = [&] {
        std::ifstream stat("/proc/" + std::to_string(server.pid()) + "/stat");
        std::string word;
        for (int i = 0; i < 13; ++i) stat >> word;
        long user = 0, system = 0;
        stat >> user >> system;
        return user + system;
    };
    const long before = processor_ticks();
    std::this_thread::sleep_for(2s);
    CHECK(processor_ticks() - before < 50);  // of 200 in two seconds
    for (auto& client : open) {
        client.send("y");
        REQUIRE(client.read_reply().body == "POST / 4 body");
        client.half_close();
    }
#endif
}
