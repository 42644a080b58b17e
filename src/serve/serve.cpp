#include "tundish/serve/serve.hpp"

#include <sys/resource.h>

#include <condition_variable>
#include <thread>

#include "tundish/base/error.hpp"
#include "tundish/base/heap.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/processors.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/http_server.hpp"

namespace tundish {
namespace {

// Looks after the endpoint four times a second until the server ends.
class Watchdog {
  public:
    explicit Watchdog(Endpoint& endpoint) : thread_([this, &endpoint] { run(endpoint); }) {}

    ~Watchdog() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }

  private:
    void run(Endpoint& endpoint) {
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, std::chrono::milliseconds(250), [this] { return ending_; })) {
            endpoint.watch();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool ending_ = false;
    std::thread thread_;
};

// What the server's threads use, in one place that does not move: after a stop that cut them off it is left to them.
struct Served {
    Served(const ServeOptions& options, LoadClassifier load)
        : server({.port = options.port,
                  .limits = options.http,
                  .express_threads = static_cast<std::size_t>(usable_processors()),
                  .express = [this] { return endpoint->computes_at_once(); },
                  .drain_time = options.drain_time},
                 [this](HttpRequest& request) { return endpoint->answer(request); }) {
        log_info(text("listening on port ", server.port(), "; /ping answers 503 until the model is loaded"));
        endpoint = std::make_unique<Endpoint>(options, std::move(load));
    }

    std::unique_ptr<Endpoint> endpoint;
    HttpServer server;
};

// A connection needs a descriptor; the usual soft limit of 1,024 is less than we mean to hold.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);  // a refusal only means fewer connections
}

}  // namespace

std::vector<std::string> ServeOptions::problems() const {
    std::vector<std::string> found;
    const auto check = [&](bool good, const std::string& problem) {
        if (!good) found.push_back(problem);
    };
    check(port >= 0 && port <= 65535, text("the port is ", port, ", expected 0 to 65535"));
    check(workers >= 0 && workers <= 1024, text("the number of workers is ", workers, ", expected 1 to 1024"));
    check(largest_batch >= 1 && largest_batch <= 4096,
          text("the largest batch is ", largest_batch, ", expected 1 to 4096"));
    check(most_requests >= 1 && most_requests <= 900,
          text("the number of requests that may wait is ", most_requests, ", expected 1 to 900"));
    check(http.largest_body >= 1, "the largest body is 0 bytes");
    check(request_time.count() > 0, "the time for a request is 0");
    return found;
}

bool serve(const ServeOptions& options, LoadClassifier load) {
    if (const auto problems = options.problems(); !problems.empty()) throw ConfigError(join(problems, "; "));
    for (const auto& note : options.notes) log_info(note);
    raise_descriptor_limit();
    share_freed_memory();
    auto served = std::make_unique<Served>(options, std::move(load));
    bool finished = false;
    {
        const Watchdog watchdog(*served->endpoint);
        finished = served->server.run() && !served->endpoint->busy();
    }
    log_info("stopped");
    if (!finished) static_cast<void>(served.release());  // threads still use it
    return finished;
}

}  // namespace tundish
