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

/// A batch, and in whose place it is computed.
struct Turn {
    std::vector<Slice> batch;  ///< empty: there is none
    std::size_t place = 0;     ///< below EngineOptions::workers; nobody else has it until it is left
};

/// The requests that wait, in order; a long one that was cut lets shorter ones pass. Any thread.
class EngineQueue {
  public:
    explicit EngineQueue(const EngineOptions& options);

    /// False when there are too many already.
    bool add(const std::shared_ptr<EngineRequest>& request);

    /// As add(), and the turn to compute it, if no other waits and there is a place.
    bool add(const std::shared_ptr<EngineRequest>& request, Turn& turn);

    /// How a wait ended.
    struct Waited {
        std::size_t left = 0;      ///< images without an answer
        bool client_gone = false;  ///< that is why
    };

    /// Waits until it is answered, its deadline has passed, `gone` (may be empty) has said yes or all are given up.
    /// `request` belongs to the caller alone then if no image is left, and must not be touched otherwise.
    Waited wait_for(EngineRequest& request, const std::function<bool()>& gone);

    /// The next batch for a worker: its share of what waits. Empty: the queue was closed.
    Turn take();

    /// A turn is over.
    void leave(std::size_t place);

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
    bool admit(EngineRequest& request);
    void wake_worker();
    Turn begin_turn(std::vector<Slice> batch);
    std::vector<Slice> take_share();

    EngineOptions options_;
    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<std::shared_ptr<EngineRequest>> waiting_;
    std::vector<std::size_t> free_places_;
    std::size_t waiting_images_ = 0, requests_ = 0, images_ = 0;
    std::size_t open_ = 0;  // requests whose answer is awaited
    std::unordered_set<EngineRequest*> awaited_;
    bool closed_ = false, given_up_ = false;
};

}  // namespace tundish
