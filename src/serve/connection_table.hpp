#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "tundish/base/unique_fd.hpp"
#include "tundish/serve/connection.hpp"

namespace tundish {

/// All open connections. One that is idle is watched with epoll, which reports it once when a request (or the end)
/// arrives; from then until release() it belongs to the thread that was told. Any thread.
class ConnectionTable {
  public:
    /// Watches `listener` and, until it is readable for the first time, `stop` as well. Throws MachineError when the
    /// system refuses.
    ConnectionTable(int listener, int stop);

    /// Takes a new connection and watches it. Throws MachineError when the system has no room for one more; it is
    /// closed.
    void add(UniqueFd fd);

    /// Watches it again: its next request has not come yet.
    void release(Connection& connection);

    /// Forgets it; its socket is closed.
    void remove(Connection& connection);

    struct Ready {
        std::vector<Connection*> connections;  ///< have something to read; they belong to the caller now
        bool listener = false;                 ///< connections wait to be accepted
    };

    /// Waits up to `longest` for something to be ready, for the stop flag or wake(). One thread.
    Ready wait(std::chrono::milliseconds longest);

    /// Whether wait() tells of connections, as it does at first; poll() always does.
    void watch_connections(bool on);

    /// Ends a wait() that runs, or the next one.
    void wake();

    /// Waits for connections that have something to read, `most` at most; they belong to the caller now. Whatever has
    /// come is told to one of several threads. Empty: dismiss_pollers() was called.
    std::vector<Connection*> poll(std::size_t most);
    void dismiss_pollers();

    /// Stops or resumes watching the listener.
    void watch_listener(bool on);

    /// Closes connections that were idle for `longest`.
    void close_idle(std::chrono::seconds longest);

    /// Closes the one that has been idle longest, and that since before a time: one that has just come has had no time
    /// to ask. False when there is none, or it has just been written to.
    bool close_longest_idle(Connection::Clock::time_point before);

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::size_t busy() const;

  private:
    struct Entry {
        std::unique_ptr<Connection> connection;
        bool busy = false;
        Connection::Clock::time_point since;
    };

    static void watch(const UniqueFd& epoll, int operation, int fd, void* what, std::uint32_t events);
    void tell_next_poller();
    std::vector<Connection*> take_ready(std::size_t most, int milliseconds);

    UniqueFd connections_;  // epoll of all connections
    UniqueFd epoll_;        // of what wait() waits for: that one, the listener, the stop flag and wake_
    UniqueFd wake_, dismissal_;
    int listener_, stop_;
    mutable std::mutex mutex_;
    std::unordered_map<const void*, Entry> entries_;
    std::size_t busy_ = 0;
    std::size_t pollers_ = 0;
    bool dismissed_ = false;
};

}  // namespace tundish
