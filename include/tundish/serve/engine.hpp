#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "tundish/model/classifier.hpp"
#include "tundish/serve/pixel_batch.hpp"

namespace tundish {

struct EngineOptions {
    int workers = 1;                           ///< threads that compute; each uses ClassifierOptions::threads
    std::size_t largest_batch = 64;            ///< images of one forward pass; longer requests are cut
    std::size_t most_requests = 512;           ///< waiting or computed; more are refused with 503
    std::size_t most_images = 1 << 20;         ///< of all those requests
    bool fills_batches = false;                ///< a worker takes all that waits, up to largest_batch, and leaves
                                               ///< nothing for the others: where they would compute on one device
    std::chrono::milliseconds batch_delay{0};  ///< how long a batch that is not full may wait for more, while
                                               ///< there are other requests
};

/// Where an engine tells how it is doing.
struct EngineEvents {
    std::function<void(double seconds)> waited = [](double) {};  ///< a request, until its first image was taken
    std::function<void(std::size_t images, double seconds)> computed = [](std::size_t, double) {};  ///< a batch
    /// The model's device has failed for good (DeviceError), and why. For each pass that finds it so.
    std::function<void(const std::string& why)> lost = [](const std::string&) {};
};

/// Gathers the images of requests that wait at the same time into batches and has them classified. Nobody waits for a
/// batch to fill (unless batch_delay says so): a free worker takes its share of what is there, or all of it.
class Engine {
  public:
    using Clock = std::chrono::steady_clock;

    /// `classifier` must outlive it.
    Engine(const Classifier& classifier, const EngineOptions& options, EngineEvents events = {});
    ~Engine();

    /// Probabilities of all images: images x classes. Blocks until they are there. Any thread; `gone` is asked twice a
    /// second by the caller's. Throws RequestError: 503 when too many requests wait already (code "queue_full") or when
    /// `deadline` passes first ("deadline_exceeded"; what has not begun is dropped), 499 when nobody waits for the
    /// answer any longer ("client_gone", likewise), 500 when the model fails on this request alone, or has no memory
    /// for half a batch either.
    std::vector<float> classify(PixelBatch pixels, Clock::time_point deadline, const std::function<bool()>& gone = {});

    /// From now on a request of one image is computed on its caller's thread where that is an express thread
    /// (ExpressThreads) and a worker would be idle: for classifiers whose passes are quick and sure to end. Any thread.
    void let_callers_compute();

    /// Batches have at most so many images from now on. Any thread.
    void limit_batch(std::size_t images);

    /// The server ends: whoever waits in classify() or comes later gets 503 "draining", and what has not begun is
    /// dropped. Any thread.
    void give_up();

    /// Requests that wait or are computed.
    [[nodiscard]] std::size_t in_flight() const;

    /// What no worker has taken yet.
    struct Waiting {
        std::size_t requests = 0;  ///< some of their images may have been taken
        std::size_t images = 0;
    };
    [[nodiscard]] Waiting waiting() const;

    /// A forward pass is running. Never waits.
    [[nodiscard]] bool computing() const;

    /// How long the longest forward pass that is running has taken; zero when none is. Never waits.
    [[nodiscard]] std::chrono::milliseconds longest_pass() const;

  private:
    class Core;
    std::unique_ptr<Core> core_;
};

}  // namespace tundish
