#include "connection_table.hpp"

#include <sys/epoll.h>

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
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), listener_(listener), stop_(stop) {
    if (!epoll_) throw MachineError(text("epoll is not available: ", system_reason(errno)));
    watch(EPOLL_CTL_ADD, listener_, &listener_, EPOLLIN);
    watch(EPOLL_CTL_ADD, stop_, &stop_, EPOLLIN | EPOLLONESHOT);
}

void ConnectionTable::watch(int operation, int fd, void* what, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = what;
    if (::epoll_ctl(epoll_.get(), operation, fd, &event) != 0) {
        throw MachineError(text("a connection cannot be watched: ", system_reason(errno)));
    }
}

void ConnectionTable::add(UniqueFd fd) {
    auto connection = std::make_unique<Connection>(std::move(fd));
    Connection* const key = connection.get();
    const std::lock_guard lock(mutex_);
    watch(EPOLL_CTL_ADD, connection->fd(), key,
          kOnce);  // wait() finds it in the table, because it takes the lock first
    entries_.emplace(key, Entry{std::move(connection), false, Connection::Clock::now()});
}

void ConnectionTable::release(Connection& connection) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_.at(&connection);
    entry.busy = false;
    connection.shrink();
    entry.since = Connection::Clock::now();
    --busy_;
    watch(EPOLL_CTL_MOD, connection.fd(), &connection, kOnce);
}

void ConnectionTable::remove(Connection& connection) {
    std::unique_ptr<Connection> removed;  // closed after the lock is released
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(&connection);
    removed = std::move(found->second.connection);
    busy_ -= found->second.busy ? 1 : 0;
    entries_.erase(found);
}

ConnectionTable::Ready ConnectionTable::wait(std::chrono::milliseconds longest) {
    std::array<epoll_event, 256> events;
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), static_cast<int>(longest.count()));
    Ready ready;
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < count; ++i) {
        void* const what = events[static_cast<std::size_t>(i)].data.ptr;
        if (what == &listener_) ready.listener = true;
        // A connection that was closed for idleness in the meantime is no longer there.
        const auto found = entries_.find(what);
        if (found == entries_.end() || found->second.busy) continue;
        found->second.busy = true;
        ++busy_;
        ready.connections.push_back(found->second.connection.get());
    }
    return ready;
}

void ConnectionTable::watch_listener(bool on) {
    const std::uint32_t events = on ? std::uint32_t{EPOLLIN} : 0;
    watch(EPOLL_CTL_MOD, listener_, &listener_, events);
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
