#include "express_threads.hpp"

#include <system_error>
#include <thread>
#include <utility>

#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostWaiting = 2;  // for each thread: with more it is better to compute them in batches
constexpr std::size_t kMostAtOnce = 16;

// After this time all threads are busy for long. Also how often that is looked for, while there are requests.
constexpr milliseconds kLong{20};
constexpr milliseconds kSleep{500};

thread_local ExpressThreads* threads_of_caller = nullptr;

}  // namespace

ExpressThreads::ExpressThreads(std::size_t threads, ConnectionTable& table, Serve serve, Serve elsewhere,
                               std::function<std::size_t()> in_work, std::function<bool()> worth_it)
    : table_(table),
      serve_(std::move(serve)),
      elsewhere_(std::move(elsewhere)),
      in_work_(std::move(in_work)),
      worth_it_(std::move(worth_it)) {
    const std::lock_guard lock(mutex_);  // they look at how many there are
    try {
        for (; threads_ < threads; running_ = ++threads_) std::thread([this] { work(); }).detach();
    } catch (const std::system_error& error) {  // fewer are enough, or none
        log_warning(text("only ", threads_, " of ", threads, " express threads: ", error.what()));
    }
}

ExpressThreads::~ExpressThreads() {
    close();
    std::unique_lock lock(mutex_);
    ended_all_.wait(lock, [this] { return running_ == 0; });
}

void ExpressThreads::close() {
    std::deque<Connection*> left;
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(closed_, true)) return;
        left.swap(waiting_);
    }
    changed_.notify_all();
    table_.dismiss_pollers();
    table_.watch_connections(true);
    send_elsewhere(left);
}

std::size_t ExpressThreads::most_waiting() const {
    return started_ && !closed_ && !crowded_ ? kMostWaiting * (threads_ - held_up_) : 0;
}

bool ExpressThreads::has_room() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size() < most_waiting();
}

bool ExpressThreads::here() {
    return threads_of_caller != nullptr;
}

void ExpressThreads::about_to_wait() {
    if (auto* threads = std::exchange(threads_of_caller, nullptr)) threads->hold_up();
}

// The last thread that comes to wait leaves nobody waiting for it.
void ExpressThreads::hold_up() {
    std::deque<Connection*> left;
    {
        const std::lock_guard lock(mutex_);
        if (++held_up_ < threads_) return;
        left.swap(waiting_);
        if (!others_poll_) table_.wake();
    }
    send_elsewhere(left);
}

void ExpressThreads::send_elsewhere(const std::deque<Connection*>& all) {
    for (Connection* connection : all) elsewhere_(*connection);
}

void ExpressThreads::let_others_poll(bool on) {
    if (std::exchange(others_poll_, on) != on) table_.watch_connections(on);
}

milliseconds ExpressThreads::look() {
    std::deque<Connection*> late;
    std::unique_lock lock(mutex_);
    if (closed_ || threads_ == 0) return kSleep;
    start_or_end_crowd();
    asleep_ = false;
    const bool gone = held_up_ == threads_ || crowded_;
    if (gone) let_others_poll(true);
    if (const auto now = Clock::now(); now >= next_look_) {
        const bool quiet = begun_ == begun_before_ && ended_ == ended_before_;
        const bool stuck = quiet && polling_ == 0;
        if (stuck) late.swap(waiting_);
        let_others_poll(gone || stuck);
        asleep_ = quiet && !others_poll_;
        begun_before_ = begun_;
        ended_before_ = ended_;
        next_look_ = now + kLong;
    }
    const auto next = asleep_ || !started_ ? kSleep : kLong;
    lock.unlock();
    send_elsewhere(late);
    return next;
}

void ExpressThreads::start_or_end_crowd() {
    const bool starts = !started_ && worth_it_();
    const bool ends = crowded_ && in_work_() <= threads_;
    if (!starts && !ends) return;
    started_ |= starts;
    crowded_ &= !ends;
    changed_.notify_all();
}

void ExpressThreads::work() {
    while (Connection* connection = next()) {
        threads_of_caller = this;
        serve_(*connection);
        const bool waited = std::exchange(threads_of_caller, nullptr) == nullptr;
        const std::lock_guard lock(mutex_);
        ++ended_;
        if (waited) --held_up_;
    }
    const std::lock_guard lock(mutex_);
    --running_;
    ended_all_.notify_all();  // under the lock: the destructor must not free what is being notified
}

// Nothing: they are to end.
Connection* ExpressThreads::next() {
    while (true) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return (started_ && !crowded_) || closed_; });
            if (closed_) return nullptr;
            if (!waiting_.empty()) {
                Connection* const first = waiting_.front();
                waiting_.pop_front();
                begin();
                return first;
            }
            ++polling_;
        }
        const auto ready = table_.poll(kMostAtOnce);
        {
            const std::lock_guard lock(mutex_);
            --polling_;
        }
        if (Connection* const mine = choose(ready)) {
            const std::lock_guard lock(mutex_);
            begin();
            return mine;
        }
    }
}

// One for the caller. Others are left to threads that wait for them, or wait for one that is done.
Connection* ExpressThreads::choose(const std::vector<Connection*>& ready) {
    Connection* mine = nullptr;
    for (Connection* connection : ready) {
        if (mine != nullptr && somebody_polls()) {
            table_.release(*connection);
        } else if (!connection->holds_whole_request()) {
            elsewhere_(*connection);
        } else if (mine == nullptr) {
            mine = connection;
        } else {
            queue(*connection);
        }
    }
    return mine;
}

bool ExpressThreads::somebody_polls() const {
    const std::lock_guard lock(mutex_);
    return polling_ > 0;
}

// It has been read from, so nobody is told of it again.
void ExpressThreads::queue(Connection& connection) {
    std::deque<Connection*> leaving;
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(&connection);
        const bool crowd = waiting_.size() > most_waiting();
        if (!crowd && polling_ == 0) return;  // a thread that polls would not come to it
        leaving.swap(waiting_);
        if (crowd && !std::exchange(crowded_, true)) table_.wake();
    }
    send_elsewhere(leaving);
}

// With the lock.
void ExpressThreads::begin() {
    ++begun_;
    if (std::exchange(asleep_, false)) table_.wake();
}

}  // namespace tundish
