#include "rendezvous.hpp"

#include <netdb.h>

#include <thread>

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/distributed/peer_error.hpp"

namespace tundish {
namespace {

using namespace std::chrono_literals;

constexpr auto kPause = 100ms;
constexpr double kSecondsBetweenNotes = 30.0;
constexpr const char* kDisagreement = "disagreement";
constexpr const char* kNews = "news";

// Repeats `attempt`, which returns what is still missing or nothing, until it succeeds.
template <typename Attempt>
void patiently(const ClusterOptions& options, const Attempt& attempt) {
    const Stopwatch waiting;
    double next_note = 3.0;
    while (true) {
        const std::string missing = attempt();
        if (missing.empty()) return;
        const double seconds = waiting.seconds();
        if (seconds > static_cast<double>(options.arrival_limit.count())) {
            throw PeerError(text(missing, "; gave up after ", options.arrival_limit.count(),
                                 " s. Look at that host's log; all hosts must be able to reach port ", options.port,
                                 " of ", options.hosts[0], '.'));
        }
        if (seconds > next_note) {
            log_info(text("waiting for the other ranks: ", missing, " (", fixed(seconds, 0), " s)"));
            next_note = seconds + kSecondsBetweenNotes;
        }
        if (sleep_unless_stopped(kPause)) throw Stopped(text("the wait for the other hosts: ", missing));
    }
}

// The name of a job's only host need not resolve, and nobody else must find it.
std::string meeting_point(const ClusterOptions& options) {
    return options.hosts.size() == 1 ? "127.0.0.1" : options.hosts[0];
}

std::string resolve(const std::string& host) {
    addrinfo* found = nullptr;
    const int problem = ::getaddrinfo(host.c_str(), nullptr, nullptr, &found);
    if (problem != 0) return text("the name ", host, " does not resolve (", ::gai_strerror(problem), ")");
    ::freeaddrinfo(found);
    return {};
}

Store connect(const ClusterOptions& options, bool as_server, std::chrono::milliseconds limit) {
    c10d::TCPStoreOptions wanted;
    wanted.port = static_cast<std::uint16_t>(options.port);
    wanted.isServer = as_server;
    wanted.waitWorkers = false;
    wanted.useLibUV = false;
    wanted.timeout = limit;
    return c10::make_intrusive<c10d::TCPStore>(meeting_point(options), wanted);
}

std::string arrival_key(int rank) {
    return text("here/", rank);
}

std::vector<std::uint8_t> bytes_of(const std::string& words) {
    return {words.begin(), words.end()};
}

void refuse_other_world(c10d::TCPStore& store) {
    if (!store.check({kDisagreement})) return;
    throw ConfigError(text("the hosts do not agree on their ranks: ", words_at(store, kDisagreement),
                           ". Set 'ranks_per_host' to the same number for all, and take hosts of one kind."));
}

// The first rank says what it takes the job for, the others compare. Whoever finds a difference tells all: some of them
// wait for ranks that do not exist.
void compare_worlds(const ClusterOptions& options, c10d::TCPStore& store) {
    const auto own = text(options.size(), " ranks, ", options.ranks_per_host, " on each host, on ",
                          options.device.is_cuda() ? "GPUs" : "CPUs");
    const auto found = store.compareSet("world", {}, bytes_of(own));
    const std::string first(found.begin(), found.end());
    if (first == own) return;
    put_words(store, kDisagreement, text(options.host_of(options.rank), " has ", own, ", another host has ", first));
}

}  // namespace

std::string name_of(const ClusterOptions& options, int rank) {
    return text(options.host_of(rank), " (rank ", rank, ")");
}

Store open_store(const ClusterOptions& options) {
    wait_for_name(options, meeting_point(options));
    if (options.rank == 0) {
        try {
            return connect(options, true, 30s);
        } catch (const std::exception& error) {
            throw MachineError(text("cannot open port ", options.port, " for the other ranks: ",
                                    first_line(error.what()), ". Is another job running on this machine?"));
        }
    }
    Store store;
    patiently(options, [&]() -> std::string {
        try {
            store = connect(options, false, 2s);
            return {};
        } catch (const std::exception&) {
            return text(name_of(options, 0), " does not answer on port ", options.port);
        }
    });
    return store;
}

void put_words(c10d::TCPStore& store, const std::string& key, const std::string& words) {
    store.set(key, bytes_of(words));
}

void put_news(c10d::TCPStore& store, const std::string& key, const std::string& words) {
    put_words(store, key, words);
    store.add(kNews, 1);
}

std::int64_t count_news(c10d::TCPStore& store) {
    return store.add(kNews, 0);
}

std::string words_at(c10d::TCPStore& store, const std::string& key) {
    const auto bytes = store.get(key);
    return {bytes.begin(), bytes.end()};
}

void leave_word(const ClusterOptions& options, c10d::TCPStore& store, const std::string& key,
                const std::string& words) noexcept {
    try {
        put_news(store, key, words);
        if (options.rank == 0) std::this_thread::sleep_for(kTimeToRead);
    } catch (const std::exception&) {
        // The store is gone, and with it everybody who could have read this.
        return;
    }
}

Store open_second_connection(const ClusterOptions& options, std::chrono::milliseconds limit) {
    return connect(options, false, limit);
}

void wait_for_name(const ClusterOptions& options, const std::string& host) {
    patiently(options, [&] { return resolve(host); });
}

void meet(const ClusterOptions& options, c10d::TCPStore& store) {
    compare_worlds(options, store);
    store.set(arrival_key(options.rank), std::vector<std::uint8_t>{1});
    patiently(options, [&] {
        refuse_other_world(store);
        std::vector<std::string> missing;
        for (int rank = 0; rank < options.size(); ++rank) {
            if (!store.check({arrival_key(rank)})) missing.push_back(name_of(options, rank));
        }
        return missing.empty() ? std::string{} : text(join(missing, ", "), " did not come yet");
    });
}

}  // namespace tundish
