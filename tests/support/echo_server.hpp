#pragma once

#include "support/fake_classifier.hpp"
#include "support/server_child.hpp"
#include "tundish/serve/http_server.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace tundish::testing {

/// Short, so that tests of slow clients do not take long themselves.
inline HttpLimits quick_limits() {
    return {.largest_body = 1 << 20,
            .header_time = std::chrono::seconds(1),
            .stall_time = std::chrono::seconds(1),
            .idle_time = std::chrono::seconds(60)};
}

constexpr std::size_t kLargeReply = std::size_t{32} << 20;  ///< more than the buffers of two sockets hold

/// What the servers of these tests answer: /slow after a while, /large with much, /late-large with as much after more
/// than quick_limits() leaves for a stall, /hold when /release is asked for, /throw not at all, /unreadable with how
/// many requests came that could not be read; every other path with "METHOD path <bytes> <body>", or with the refusal
/// of its body.
class EchoHandler {
  public:
    HttpReply operator()(const HttpRequest& request) {
        if (request.method.empty()) ++*unreadable_;
        if (request.refusal) {
            return error_reply(request.refusal->status(), request.refusal->code(), request.refusal->what());
        }
        if (request.path == "/slow") std::this_thread::sleep_for(std::chrono::milliseconds(300));
        if (request.path == "/late-large") std::this_thread::sleep_for(std::chrono::milliseconds(1500));
        if (request.path == "/large" || request.path == "/late-large") {
            return {200, "text/plain", std::string(kLargeReply, 'x'), {}};
        }
        if (request.path == "/hold") gate_->wait();
        if (request.path == "/held") gate_->await(1);
        if (request.path == "/release") gate_->open();
        if (request.path == "/throw") throw std::runtime_error("a fault in the handler");
        if (request.path == "/unreadable") return {200, "text/plain", std::to_string(*unreadable_), {}};
        HttpReply reply{200, "text/plain", request.method + " " + request.path + " ", {}};
        reply.body += std::to_string(request.body.size()) + " " + request.body.substr(0, 100);
        reply.headers.add("X-Echo", std::string(request.headers.get("X-Echo")));
        return reply;
    }

  private:
    std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
    std::shared_ptr<std::atomic<int>> unreadable_ = std::make_shared<std::atomic<int>>(0);
};

/// Exit code 0 when all that was in flight at the stop was answered, 3 otherwise.
inline ServerChild::Action echo_server(HttpServerOptions options) {
    return [options](const ServerChild::ReportPort& report) {
        HttpServerOptions any_port = options;
        any_port.port = 0;
        any_port.express_threads = options.most_threads > 1 ? 2 : 0;  // else the test is about the one
        auto* server = new HttpServer(any_port, EchoHandler());  // never freed: requests may still be held
        report(server->port());
        return server->run() ? 0 : 3;
    };
}

inline ServerChild::Action echo_server(const HttpLimits& limits = quick_limits()) {
    return echo_server(HttpServerOptions{.limits = limits});
}

}  // namespace tundish::testing
