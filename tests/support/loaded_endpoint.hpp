#pragma once

#include "support/fake_classifier.hpp"
#include "tundish/serve/endpoint.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

namespace tundish::testing {

/// An endpoint with a fake model whose loading has ended.
class LoadedEndpoint {
  public:
    explicit LoadedEndpoint(const ServeOptions& options, std::shared_ptr<FakeLog> log = std::make_shared<FakeLog>())
        : LoadedEndpoint(options, [log](const ClassifierOptions&) { return std::make_unique<FakeClassifier>(log); }) {}

    LoadedEndpoint(const ServeOptions& options, const LoadClassifier& load) : endpoint_(options, load) {
        while (endpoint_.loading()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }

    HttpReply invoke(const std::string& body, const std::string& type) {
        HttpRequest request{"POST", "/invocations", {}, body, {}};
        request.headers.add("Content-Type", type);
        return endpoint_.answer(request);
    }

    HttpReply answer(HttpRequest& request) { return endpoint_.answer(request); }

  private:
    Endpoint endpoint_;
};

}  // namespace tundish::testing
