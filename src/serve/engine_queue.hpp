#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "tundish/serve/engine.hpp"

namespace tundish {

/// A request in the engine, shared by whoever waits for its answer and the workers that hold slices of it: neither has
/// to stay for the other.
struct EngineRequest {
    EngineRequest(PixelBatch images, std::size_t classes, Engine::Clock::time_point until)
        : pixels(std::move(images)), probabilities(pixels.images * classes), deadline(until), left(pixels.images) {}

    const PixelBatch pixels;
    std::vector<float> probabilities;
    const Engine::Clock::time_point deadline;
    const Engine::Clock::time_point queued = Engine::Clock::now();
    std::size_t next = 0;    ///< first image that no worker has taken
    std::size_t left;        ///< images without an answer
    bool abandoned = false;  ///< nobody waits for it any longer: what was not taken is dropped
    std::string failure;     ///< the model's, if it failed
    std::condition_variable changed;
};

/// Some images of one request.
struct Slice {
    std::shared_ptr<EngineRequest> request;
    std::size_t first = 0;
    std::size_t images = 0;
};

/// The requests that wait, in order; a long one that was cut lets shorter ones pass. Any thread.
class EngineQueue {
  public:
    explicit EngineQueue(const EngineOptions& options) : options_(options) {}

    /// False when there are too many already.
    bool add(const std::shared_ptr<EngineRequest>& request);

    /// How a wait ended.
    struct Waited {
        std::size_t left = 0;      ///< images without an answer
        bool client_gone = false;  ///< that is why
    };

    /// Waits until it is answered, its deadline has passed, `gone` (may be empty) has said yes or all are given up.
    /// `request` belongs to the caller alone then if no image is left, and must not be touched otherwise.
    Waited wait_for(EngineRequest& request, const std::function<bool()>& gone);

    /// The next batch for a worker: its share of what waits. Empty: the queue was closed.
    std::vector<Slice> take();

    /// These slices have their answers, or the reason why not.
    void finish(const std::vector<Slice>& slices, const std::string& failure = {});

    /// As Engine has it.
    void limit_batch(std::size_t images);

    /// Nobody waits any longer, now or later.
    void give_up();
    [[nodiscard]] bool given_up() const;

    /// take() returns nothing any more.
    void close();

    [[nodiscard]] std::size_t requests() const;
    [[nodiscard]] Engine::Waiting waiting() const;

  private:
    [[nodiscard]] std::size_t share() const;
    bool wait_until_done(std::unique_lock<std::mutex>& lock, EngineRequest& request,
                         const std::function<bool()>& gone) const;
    void drop_late();
    void let_shorter_ones_pass(const std::vector<Slice>& taken);
    void close_one();
    void gather(std::unique_lock<std::mutex>& lock);

    EngineOptions options_;
    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<std::shared_ptr<EngineRequest>> waiting_;
    std::size_t waiting_images_ = 0, requests_ = 0, images_ = 0;
    std::size_t open_ = 0;  // requests whose answer is awaited
    std::unordered_set<EngineRequest*> awaited_;
    bool closed_ = false, given_up_ = false;
};

}  // namespace tundish
