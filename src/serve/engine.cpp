#include "tundish/serve/engine.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <thread>

#include "engine_queue.hpp"
#include "express_threads.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

namespace tundish {
namespace {

using std::chrono::milliseconds;

double seconds_since(Engine::Clock::time_point begin) {
    return std::chrono::duration<double>(Engine::Clock::now() - begin).count();
}

std::int64_t now_in_milliseconds() {
    return std::chrono::duration_cast<milliseconds>(Engine::Clock::now().time_since_epoch()).count();
}

std::size_t images_in(const std::vector<Slice>& batch) {
    std::size_t images = 0;
    for (const auto& slice : batch) images += slice.images;
    return images;
}

// A request may be in both.
std::array<std::vector<Slice>, 2> halves_of(const std::vector<Slice>& batch) {
    std::array<std::vector<Slice>, 2> halves;
    std::size_t room = images_in(batch) / 2;
    for (const auto& [request, first, images] : batch) {
        const std::size_t before = std::min(room, images);
        if (before > 0) halves[0].push_back({request, first, before});
        if (before < images) halves[1].push_back({request, first + before, images - before});
        room -= before;
    }
    return halves;
}

// Why a pass failed; it did not if there is no reason.
struct Failure {
    std::string why;
    bool of_memory = false;
};

// A place in which one thread at a time computes, with its memory.
class Place {
  public:
    Place(const Classifier& classifier, EngineQueue& queue, const EngineEvents& events)
        : classifier_(classifier), queue_(queue), events_(events) {}

    void run(const std::vector<Slice>& batch) {
        for (const auto& slice : batch) {
            if (slice.first == 0) events_.waited(seconds_since(slice.request->queued));
        }
        const Failure failure = compute(batch);
        if (failure.of_memory && images_in(batch) > 1) {
            log_warning(
                text("a batch of ", images_in(batch), " images failed (", failure.why, "): each half of it is tried"));
            for (const auto& half : halves_of(batch)) finish(half, compute(half));
        } else {
            finish(batch, failure);
        }
    }

    // When the pass that is running began; 0: none is.
    [[nodiscard]] std::int64_t busy_since() const { return busy_since_.load(std::memory_order_relaxed); }

  private:
    void finish(const std::vector<Slice>& batch, const Failure& failure) {
        if (failure.why.empty() || batch.size() == 1) {
            queue_.finish(batch, failure.why);
        } else {
            one_by_one(batch, failure.why);
        }
    }

    // What one bad request does to a batch must not hurt the others in it.
    void one_by_one(const std::vector<Slice>& batch, const std::string& failure) {
        log_warning(text("a batch of ", batch.size(), " requests failed (", failure, "): each is tried alone"));
        for (const auto& slice : batch) queue_.finish({slice}, compute({slice}).why);
    }

    Failure compute(const std::vector<Slice>& batch) {
        busy_since_ = now_in_milliseconds();
        Failure failure;
        try {
            forward(batch);
        } catch (const std::bad_alloc&) {
            failure = {"out of memory", true};
        } catch (const MemoryError& error) {
            failure = {error.what(), true};
        } catch (const DeviceError& error) {
            failure = {error.what()};
            events_.lost(failure.why);
        } catch (const std::exception& error) {
            failure = {error.what()};
        }
        busy_since_ = 0;
        return failure;
    }

    void forward(const std::vector<Slice>& batch) {
        const std::size_t image = classifier_.facts().input.pixels(), classes = classifier_.facts().class_names.size();
        const std::size_t images = images_in(batch);
        pixels_.resize(images * image);
        float* to = pixels_.data();
        for (const auto& slice : batch) to = gather(slice, image, to);
        probabilities_.resize(images * classes);
        const Stopwatch watch;
        classifier_.classify(pixels_.data(), images, probabilities_.data());
        events_.computed(images, watch.seconds());
        if (!std::all_of(probabilities_.begin(), probabilities_.end(), [](float p) { return std::isfinite(p); })) {
            throw std::runtime_error("the model answered with something that is not a number");
        }
        const float* from = probabilities_.data();
        for (const auto& slice : batch) {
            std::copy_n(from, slice.images * classes, slice.request->probabilities.data() + slice.first * classes);
            from += slice.images * classes;
        }
    }

    static float* gather(const Slice& slice, std::size_t image, float* to) {
        return std::visit(
            [&](const auto& values) {
                const auto begin = values.begin() + static_cast<std::ptrdiff_t>(slice.first * image);
                return std::copy_n(begin, slice.images * image, to);
            },
            slice.request->pixels.values);
    }

    const Classifier& classifier_;
    EngineQueue& queue_;
    const EngineEvents& events_;
    std::vector<float> pixels_, probabilities_;
    std::atomic<std::int64_t> busy_since_{0};
};

}  // namespace

class Engine::Core {
  public:
    // In two steps, so that the destructor ends the threads that exist already when there may not be another one.
    Core(const Classifier& classifier, const EngineOptions& options, EngineEvents events)
        : Core(classifier, std::move(events), options) {
        for (int i = 0; i < options.workers; ++i) {
            places_.push_back(std::make_unique<Place>(classifier, queue_, events_));
        }
        for (int i = 0; i < options.workers; ++i) workers_.emplace_back([this] { work(); });
    }

    ~Core() {
        queue_.close();
        for (auto& worker : workers_) worker.join();
    }

    std::vector<float> classify(PixelBatch pixels, Clock::time_point deadline, const std::function<bool()>& gone) {
        const std::size_t images = pixels.images;
        if (images == 0) return {};
        const auto request =
            std::make_shared<EngineRequest>(std::move(pixels), classifier_.facts().class_names.size(), deadline);
        Turn turn;
        const bool here = callers_compute_ && images == 1 && ExpressThreads::here();
        if (!(here ? queue_.add(request, turn) : queue_.add(request))) {
            throw RequestError(503, "queue_full", "too many requests wait already: send this one again a little later");
        }
        if (turn.batch.empty()) {
            ExpressThreads::about_to_wait();
        } else {
            run(turn);
        }
        const auto [left, client_gone] = queue_.wait_for(*request, gone);
        if (left > 0 && client_gone) throw RequestError(499, "client_gone", "the client has gone before its answer");
        if (left > 0 && queue_.given_up()) {
            throw RequestError(503, "draining", "the server is stopping before this request is done: send it again");
        }
        if (left > 0) {
            throw RequestError(503, "deadline_exceeded",
                               text("no answer within the time for a request; it was given up with ", left, " of ",
                                    images, " images left. Send fewer images, or later"));
        }
        if (!request->failure.empty()) throw RequestError(500, "model_failed", "the model failed: " + request->failure);
        return std::move(request->probabilities);
    }

    void let_callers_compute() { callers_compute_ = true; }
    void limit_batch(std::size_t images) { queue_.limit_batch(images); }
    void give_up() { queue_.give_up(); }

    [[nodiscard]] std::size_t in_flight() const { return queue_.requests(); }
    [[nodiscard]] Waiting waiting() const { return queue_.waiting(); }

    [[nodiscard]] bool computing() const {
        return std::any_of(places_.begin(), places_.end(), [](const auto& place) { return place->busy_since() != 0; });
    }

    [[nodiscard]] milliseconds longest_pass() const {
        std::int64_t longest = 0;
        for (const auto& place : places_) {
            if (const auto since = place->busy_since(); since != 0) {
                longest = std::max(longest, now_in_milliseconds() - since);
            }
        }
        return milliseconds(longest);
    }

  private:
    Core(const Classifier& classifier, EngineEvents events, const EngineOptions& options)
        : classifier_(classifier), events_(std::move(events)), queue_(options) {}

    void work() {
        for (auto turn = queue_.take(); !turn.batch.empty(); turn = queue_.take()) run(turn);
    }

    // Its place and what waits for its answers would be lost: there is no going on after an exception here.
    void run(const Turn& turn) noexcept {
        places_[turn.place]->run(turn.batch);
        queue_.leave(turn.place);
    }

    const Classifier& classifier_;
    EngineEvents events_;
    EngineQueue queue_;
    std::atomic<bool> callers_compute_{false};
    std::vector<std::unique_ptr<Place>> places_;
    std::vector<std::thread> workers_;
};

Engine::Engine(const Classifier& classifier, const EngineOptions& options, EngineEvents events)
    : core_(std::make_unique<Core>(classifier, options, std::move(events))) {}

Engine::~Engine() = default;

std::vector<float> Engine::classify(PixelBatch pixels, Clock::time_point deadline, const std::function<bool()>& gone) {
    return core_->classify(std::move(pixels), deadline, gone);
}

void Engine::let_callers_compute() {
    core_->let_callers_compute();
}

void Engine::limit_batch(std::size_t images) {
    core_->limit_batch(images);
}

void Engine::give_up() {
    core_->give_up();
}

std::size_t Engine::in_flight() const {
    return core_->in_flight();
}

Engine::Waiting Engine::waiting() const {
    return core_->waiting();
}

bool Engine::computing() const {
    return core_->computing();
}

milliseconds Engine::longest_pass() const {
    return core_->longest_pass();
}

}  // namespace tundish
