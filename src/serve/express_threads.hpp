#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "connection_table.hpp"

namespace tundish {

/// A few threads, one for each processor, that wait for requests and answer small ones from the first byte to the last.
/// With a thread for each request and others that compute, more threads want to run than can; they take turns, and all
/// requests are late. With airbench in bf16 on two processors, both 70 % busy: p50 0.78 ms, p90 1.10 and p99 2.0; so
/// 0.70, 0.80 and 1.7.
///
/// When more come than these get done in turn, all go elsewhere, where batches are formed, until few are left.
/// What has to wait for something says so (about_to_wait()) and goes on as a thread beside them. While none of them is
/// left, or all are busy for long without having said so, somebody else has to look for requests: see look().
class ExpressThreads {
  public:
    using Serve = std::function<void(Connection&)>;

    /// `serve` answers a request that is here whole; `elsewhere` takes a connection of which that is not so, or that
    /// would have to wait here. `in_work` says how many requests are being answered, here and elsewhere. They begin
    /// when `worth_it` says yes. look() asks both. None of these throws.
    ExpressThreads(std::size_t threads, ConnectionTable& table, Serve serve, Serve elsewhere,
                   std::function<std::size_t()> in_work, std::function<bool()> worth_it);

    /// Waits for the requests that are being answered.
    ~ExpressThreads();

    /// One more request that is here whole would be answered soon. Any thread.
    [[nodiscard]] bool has_room() const;

    /// Sees to it that ConnectionTable::wait() tells of requests when these threads do not come to them, and says when
    /// to call it again. One thread, whenever that wait has ended.
    std::chrono::milliseconds look();

    /// No further request is answered here: look() has nothing more to say.
    void close();

    /// The calling thread is one of these, and has not said that it waits.
    [[nodiscard]] static bool here();

    /// The calling thread may wait now, for its client or for other requests; a thread elsewhere always may.
    static void about_to_wait();

  private:
    using Clock = std::chrono::steady_clock;

    void work();
    Connection* next();
    Connection* choose(const std::vector<Connection*>& ready);
    void begin();
    void hold_up();
    void send_elsewhere(const std::deque<Connection*>& all);
    void let_others_poll(bool on);
    void queue(Connection& connection);
    void start_or_end_crowd();
    [[nodiscard]] bool somebody_polls() const;
    [[nodiscard]] std::size_t most_waiting() const;

    ConnectionTable& table_;
    const Serve serve_, elsewhere_;
    const std::function<std::size_t()> in_work_;
    const std::function<bool()> worth_it_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool started_ = false, closed_ = false;
    bool crowded_ = false;             // all go elsewhere
    std::deque<Connection*> waiting_;  // are here whole
    std::size_t polling_ = 0;          // threads that wait for requests
    std::size_t held_up_ = 0;          // threads whose request waits for something
    std::uint64_t begun_ = 0, ended_ = 0;
    bool asleep_ = false;                                // look() counts on being woken by the next request
    std::uint64_t begun_before_ = 0, ended_before_ = 0;  // look()'s
    Clock::time_point next_look_{};
    bool others_poll_ = true;
    std::condition_variable ended_all_;
    std::size_t threads_ = 0, running_ = 0;
};

}  // namespace tundish
