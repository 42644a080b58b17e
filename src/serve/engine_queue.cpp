#include "engine_queue.hpp"

#include <algorithm>

namespace tundish {

EngineQueue::EngineQueue(const EngineOptions& options) : options_(options) {
    for (int place = 0; place < options.workers; ++place) free_places_.push_back(static_cast<std::size_t>(place));
}

bool EngineQueue::admit(EngineRequest& request) {
    const std::size_t images = request.pixels.images;
    // One request of any length always finds its place.
    const bool full = requests_ >= options_.most_requests || (requests_ > 0 && images_ + images > options_.most_images);
    if (closed_ || full) return false;
    ++requests_;
    ++open_;
    images_ += images;
    awaited_.insert(&request);
    return true;
}

bool EngineQueue::add(const std::shared_ptr<EngineRequest>& request) {
    const std::lock_guard lock(mutex_);
    if (!admit(*request)) return false;
    waiting_.push_back(request);
    waiting_images_ += request->pixels.images;
    wake_worker();
    return true;
}

bool EngineQueue::add(const std::shared_ptr<EngineRequest>& request, Turn& turn) {
    const std::lock_guard lock(mutex_);
    if (!admit(*request)) return false;
    waiting_.push_back(request);
    waiting_images_ += request->pixels.images;
    if (waiting_.size() > 1 || free_places_.empty()) {
        wake_worker();
    } else if (auto batch = take_share(); !batch.empty()) {  // else its time was over before it came
        turn = begin_turn(std::move(batch));
    }
    return true;
}

// With a delay some workers wait for more images, others for any.
void EngineQueue::wake_worker() {
    if (options_.batch_delay.count() > 0) {
        filled_.notify_all();
    } else if (!free_places_.empty()) {
        filled_.notify_one();
    }
}

// False when its client has gone. That is asked without the lock: the others need not wait for the system's answer.
bool EngineQueue::wait_until_done(std::unique_lock<std::mutex>& lock, EngineRequest& request,
                                  const std::function<bool()>& gone) const {
    constexpr std::chrono::milliseconds kBetweenLooks{500};
    const auto done = [&] { return request.left == 0 || given_up_; };
    while (true) {
        const auto now = Engine::Clock::now();
        const auto next = gone ? std::min(request.deadline, now + kBetweenLooks) : request.deadline;
        if (request.changed.wait_until(lock, next, done) || next == request.deadline) return true;
        lock.unlock();
        const bool has_gone = gone();
        lock.lock();
        if (has_gone) return false;
    }
}

EngineQueue::Waited EngineQueue::wait_for(EngineRequest& request, const std::function<bool()>& gone) {
    std::unique_lock lock(mutex_);
    const bool client_gone = !wait_until_done(lock, request, gone);
    awaited_.erase(&request);
    if (request.left > 0) {
        request.abandoned = true;
        close_one();
        drop_late();
    }
    --requests_;
    images_ -= request.pixels.images;
    return {request.left, client_gone};
}

// With four workers and eight images waiting a worker takes two: the others would be idle otherwise.
std::size_t EngineQueue::share() const {
    if (options_.fills_batches) return options_.largest_batch;
    const auto workers = static_cast<std::size_t>(options_.workers);
    return std::clamp<std::size_t>((waiting_images_ + workers - 1) / workers, 1, options_.largest_batch);
}

// Their callers have gone: nobody would read the answers.
void EngineQueue::drop_late() {
    const auto now = Engine::Clock::now();
    std::erase_if(waiting_, [&](const auto& request) {
        const bool late = request->abandoned || request->deadline < now;
        if (late) waiting_images_ -= request->pixels.images - request->next;
        return late;
    });
}

// One request less that somebody waits for.
void EngineQueue::close_one() {
    --open_;
    if (options_.batch_delay.count() > 0) filled_.notify_all();
}

// Waits until the batch is full. A request that is the only one has nobody to wait for.
void EngineQueue::gather(std::unique_lock<std::mutex>& lock) {
    filled_.wait_for(lock, options_.batch_delay,
                     [this] { return closed_ || open_ <= 1 || waiting_images_ >= options_.largest_batch; });
}

// After each slice: one of thousands of images keeps nobody waiting for longer than that, and has its next turn when
// those that wait now have had theirs. Among equals the first stays first: taking turns would finish all of them late.
void EngineQueue::let_shorter_ones_pass(const std::vector<Slice>& taken) {
    if (taken.empty() || waiting_.empty() || waiting_.front() != taken.back().request) return;  // none was cut
    const auto left = [](const auto& request) { return request->pixels.images - request->next; };
    const std::size_t of_cut = left(waiting_.front());
    const auto last_shorter =
        std::find_if(waiting_.rbegin(), waiting_.rend(), [&](const auto& request) { return left(request) < of_cut; });
    if (last_shorter != waiting_.rend()) std::rotate(waiting_.begin(), waiting_.begin() + 1, last_shorter.base());
}

std::vector<Slice> EngineQueue::take_share() {
    std::vector<Slice> batch;
    drop_late();
    for (std::size_t room = share(); room > 0 && !waiting_.empty();) {
        const auto request = waiting_.front();
        const std::size_t images = std::min(room, request->pixels.images - request->next);
        batch.push_back({request, request->next, images});
        request->next += images;
        waiting_images_ -= images;
        room -= images;
        if (request->next == request->pixels.images) waiting_.pop_front();
    }
    let_shorter_ones_pass(batch);
    return batch;
}

Turn EngineQueue::begin_turn(std::vector<Slice> batch) {
    Turn turn{std::move(batch), free_places_.back()};
    free_places_.pop_back();
    return turn;
}

Turn EngineQueue::take() {
    std::unique_lock lock(mutex_);
    std::vector<Slice> batch;
    while (batch.empty()) {
        filled_.wait(lock, [this] { return closed_ || (!waiting_.empty() && !free_places_.empty()); });
        if (closed_) return {};
        if (options_.batch_delay.count() > 0) gather(lock);
        if (!free_places_.empty()) batch = take_share();
    }
    if (!waiting_.empty()) filled_.notify_one();
    return begin_turn(std::move(batch));
}

void EngineQueue::leave(std::size_t place) {
    const std::lock_guard lock(mutex_);
    free_places_.push_back(place);
    if (!waiting_.empty()) wake_worker();
}

void EngineQueue::finish(const std::vector<Slice>& slices, const std::string& failure) {
    const std::lock_guard lock(mutex_);
    for (const auto& slice : slices) {
        EngineRequest& request = *slice.request;
        if (!failure.empty()) request.failure = failure;
        request.left -= slice.images;
        if (request.left > 0) continue;
        if (!request.abandoned) close_one();
        request.changed.notify_all();
    }
}

void EngineQueue::limit_batch(std::size_t images) {
    const std::lock_guard lock(mutex_);
    options_.largest_batch = images;
}

void EngineQueue::give_up() {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
    for (EngineRequest* request : awaited_) request->changed.notify_all();
}

bool EngineQueue::given_up() const {
    const std::lock_guard lock(mutex_);
    return given_up_;
}

void EngineQueue::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    filled_.notify_all();
}

Engine::Waiting EngineQueue::waiting() const {
    const std::lock_guard lock(mutex_);
    return {waiting_.size(), waiting_images_};
}

std::size_t EngineQueue::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

}  // namespace tundish
