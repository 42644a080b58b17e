#pragma once

#include "support/fake_classifier.hpp"
#include "tundish/serve/endpoint.hpp"

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tundish::testing {

inline LoadClassifier loads(std::shared_ptr<FakeLog> log = std::make_shared<FakeLog>()) {
    return [log](const ClassifierOptions&) { return std::make_unique<FakeClassifier>(log); };
}

inline HttpReply ask(Endpoint& endpoint, const std::string& method, const std::string& path,
                     const std::string& body = {},
                     const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    HttpRequest request{method, path, {}, body, {}};
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    return endpoint.answer(request);
}

/// "503 starting": status and error code.
inline std::string code_of(const HttpReply& reply) {
    return std::to_string(reply.status) + " " + nlohmann::json::parse(reply.body).at("error").get<std::string>();
}

/// An endpoint whose loading has ended.
class LoadedEndpoint {
  public:
    explicit LoadedEndpoint(const ServeOptions& options = {}, const LoadClassifier& load = loads())
        : endpoint(options, load) {
        while (endpoint.loading()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }

    HttpReply ask(const std::string& method, const std::string& path, const std::string& body = {},
                  const std::vector<std::pair<std::string, std::string>>& headers = {}) {
        return testing::ask(endpoint, method, path, body, headers);
    }
    HttpReply invoke(const std::string& body, const std::string& type = "application/json") {
        return ask("POST", "/invocations", body, {{"Content-Type", type}});
    }
    HttpReply answer(HttpRequest& request) { return endpoint.answer(request); }

    Endpoint endpoint;
};

}  // namespace tundish::testing
