#pragma once

#include <functional>
#include <memory>

#include "tundish/model/classifier.hpp"
#include "tundish/serve/health.hpp"
#include "tundish/serve/http_message.hpp"
#include "tundish/serve/serve_options.hpp"

namespace tundish {

/// Loads the model, with one real forward pass; throws what is wrong with it.
using LoadClassifier = std::function<std::unique_ptr<Classifier>(const ClassifierOptions&)>;

/// What answers requests: SageMaker's routes, the model behind them, and its health. HTTP itself is HttpServer's.
///
/// | route | method | answer |
/// |---|---|---|
/// | /ping | GET | 200 when ready, else 503 with the reason; at once |
/// | /invocations, /endpoints/{name}/invocations | POST | the classes' probabilities |
/// | /execution-parameters | GET | what a batch transform job should use |
/// | /metrics | GET | Prometheus text |
/// | / | GET | a page for people |
/// | /favicon.ico | GET | 204: the page has no icon |
class Endpoint {
  public:
    /// Begins to load the model on a thread of its own.
    Endpoint(const ServeOptions& options, LoadClassifier load);

    /// Waits for the loading and for forward passes to end; see busy().
    ~Endpoint();

    /// Any thread.
    HttpReply answer(HttpRequest& request);

    [[nodiscard]] Health& health();

    /// True until the model is loaded or has failed to.
    [[nodiscard]] bool loading() const;

    /// True while the model is being loaded or computes: the destructor would wait for that, for ever if it is stuck.
    [[nodiscard]] bool busy() const;

    /// Requests of one image are computed by the thread that brings them, in a moment: see
    /// Engine::let_callers_compute().
    [[nodiscard]] bool computes_at_once() const;

    /// Fails the server when a forward pass takes longer than ServeOptions::stuck_time; near the end of
    /// ServeOptions::drain_time after a stop, answers what waits with 503. Call it now and then, from one thread.
    void watch();

  private:
    class Core;
    std::unique_ptr<Core> core_;
};

}  // namespace tundish
