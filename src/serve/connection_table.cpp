#include "connection_table.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

constexpr std::uint32_t kOnce = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;

}  // namespace

ConnectionTable::ConnectionTable(int listener, int stop)
    : connections_(::epoll_create1(EPOLL_CLOEXEC)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      dismissal_(::eventfd(1, EFD_CLOEXEC)),
      listener_(listener),
      stop_(stop) {
    if (!connections_ || !epoll_ || !wake_ || !dismissal_) {
        throw MachineError(text("epoll is not available: ", system_reason(errno)));
    }
    watch(epoll_, EPOLL_CTL_ADD, listener_, &listener_, EPOLLIN);
    watch(epoll_, EPOLL_CTL_ADD, stop_, &stop_, EPOLLIN | EPOLLONESHOT);
    watch(epoll_, EPOLL_CTL_ADD, wake_.get(), &wake_, EPOLLIN);
    watch(epoll_, EPOLL_CTL_ADD, connections_.get(), &connections_, EPOLLIN);
    watch(connections_, EPOLL_CTL_ADD, dismissal_.get(), &dismissal_, 0);
}

void ConnectionTable::watch(const UniqueFd& epoll, int operation, int fd, void* what, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = what;
    if (::epoll_ctl(epoll.get(), operation, fd, &event) != 0) {
        throw MachineError(text("a connection cannot be watched: ", system_reason(errno)));
    }
}

void ConnectionTable::add(UniqueFd fd) {
    auto connection = std::make_unique<Connection>(std::move(fd));
    Connection* const key = connection.get();
    const std::lock_guard lock(mutex_);
    // take_ready() finds it in the table, because it takes the lock first.
    watch(connections_, EPOLL_CTL_ADD, connection->fd(), key, kOnce);
    entries_.emplace(key, Entry{std::move(connection), false, Connection::Clock::now()});
}

void ConnectionTable::release(Connection& connection) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_.at(&connection);
    entry.busy = false;
    connection.shrink();
    entry.since = Connection::Clock::now();
    --busy_;
    watch(connections_, EPOLL_CTL_MOD, connection.fd(), &connection, kOnce);
}

void ConnectionTable::remove(Connection& connection) {
    std::unique_ptr<Connection> removed;  // closed after the lock is released
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(&connection);
    removed = std::move(found->second.connection);
    busy_ -= found->second.busy ? 1 : 0;
    entries_.erase(found);
}

std::vector<Connection*> ConnectionTable::take_ready(std::size_t most, int milliseconds) {
    std::array<epoll_event, 256> events;
    const int room = static_cast<int>(std::min(most, events.size()));
    const int count = ::epoll_wait(connections_.get(), events.data(), room, milliseconds);
    std::vector<Connection*> ready;
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < count; ++i) {
        void* const what = events[static_cast<std::size_t>(i)].data.ptr;
        if (what == &dismissal_) tell_next_poller();
        // A connection that was closed for idleness in the meantime is no longer there.
        const auto found = entries_.find(what);
        if (found == entries_.end() || found->second.busy) continue;
        found->second.busy = true;
        ++busy_;
        ready.push_back(found->second.connection.get());
    }
    return ready;
}

ConnectionTable::Ready ConnectionTable::wait(std::chrono::milliseconds longest) {
    std::array<epoll_event, 4> events;
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), static_cast<int>(longest.count()));
    Ready ready;
    for (int i = 0; i < count; ++i) {
        void* const what = events[static_cast<std::size_t>(i)].data.ptr;
        if (what == &listener_) ready.listener = true;
        if (what == &connections_) ready.connections = take_ready(256, 0);
        std::uint64_t rings = 0;
        if (what == &wake_) [[maybe_unused]]
            const auto ignored = ::read(wake_.get(), &rings, sizeof rings);
    }
    return ready;
}

std::vector<Connection*> ConnectionTable::poll(std::size_t most) {
    std::unique_lock lock(mutex_);
    ++pollers_;
    std::vector<Connection*> ready;
    while (ready.empty() && !dismissed_) {
        lock.unlock();
        ready = take_ready(most, -1);
        lock.lock();
    }
    --pollers_;
    if (dismissed_) tell_next_poller();
    return ready;
}

// Once to each of them: an event that stays would keep wait() from waiting.
void ConnectionTable::tell_next_poller() {
    watch(connections_, EPOLL_CTL_MOD, dismissal_.get(), &dismissal_, pollers_ > 0 ? EPOLLIN | EPOLLONESHOT : 0U);
}

void ConnectionTable::watch_connections(bool on) {
    watch(epoll_, EPOLL_CTL_MOD, connections_.get(), &connections_, on ? std::uint32_t{EPOLLIN} : 0);
}

void ConnectionTable::wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto ignored = ::write(wake_.get(), &one, sizeof one);  // full: it is awake
}

void ConnectionTable::dismiss_pollers() {
    const std::lock_guard lock(mutex_);
    dismissed_ = true;
    tell_next_poller();
}

void ConnectionTable::watch_listener(bool on) {
    const std::uint32_t events = on ? std::uint32_t{EPOLLIN} : 0;
    watch(epoll_, EPOLL_CTL_MOD, listener_, &listener_, events);
}

void ConnectionTable::close_idle(std::chrono::seconds longest) {
    const auto oldest = Connection::Clock::now() - longest;
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](const auto& item) {
        const Entry& entry = item.second;
        // What has come just now is wait()'s, in one of its next turns.
        return !entry.busy && entry.since < oldest && !entry.connection->wait_for_input(std::chrono::milliseconds(0));
    });
}

bool ConnectionTable::close_longest_idle(Connection::Clock::time_point before) {
    const std::lock_guard lock(mutex_);
    auto longest = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
        if (at->second.busy || at->second.since >= before) continue;
        if (longest == entries_.end() || at->second.since < longest->second.since) longest = at;
    }
    if (longest == entries_.end()) return false;
    if (longest->second.connection->wait_for_input(std::chrono::milliseconds(0))) return false;  // wait() will tell
    entries_.erase(longest);
    return true;
}

std::size_t ConnectionTable::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

std::size_t ConnectionTable::busy() const {
    const std::lock_guard lock(mutex_);
    return busy_;
}

}  // namespace tundish
