#include "peer_watch.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSilenceAfterBreak = 4s;

// How long the rank may take to notice a loss itself, and to say more about it.
constexpr auto kPatience = 3s;

// How long the rank may take to end a meeting itself when it is asked to stop: the others have read of it by then.
constexpr auto kPatienceWithStop = 4s;

constexpr auto kTick = 250ms;  // of the guard

// A pause between two ticks that only a process which was stopped, or a machine that slept, can have made.
constexpr auto kStandstill = 3s;

std::string beat_key(int rank) {
    return text("beat/", rank);
}

std::string silence_key(int rank) {
    return text("silent/", rank);
}

std::string calls_key(int rank) {
    return text("calls/", rank);
}

std::int64_t whole_seconds(Clock::duration duration) {
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

}  // namespace

std::string failure_key(int rank) {
    return text("failure/", rank);
}

std::string cannot_connect(const ClusterOptions& options, const std::string& problem) {
    return text("all ranks have come, but this one could not connect to each of them over ",
                options.network_interface.empty() ? "the network" : text("interface ", options.network_interface), " (",
                problem,
                "). The hosts must be able to reach each other there at every port: check security groups and subnets, "
                "and network_interface_name in resourceconfig.json.");
}

struct PeerWatch::State {
    explicit State(const ClusterOptions& wanted)
        : options(wanted),
          store(open_second_connection(wanted)),
          signs(static_cast<std::size_t>(wanted.size())),
          silence_limit(wanted.silence_limit) {
        store->add(beat_key(wanted.rank), 1);  // before it says that it has come: from then on it is missed
    }

    struct Sign {
        std::int64_t count = 0;  // 0: it has not come yet
        Clock::time_point seen = Clock::now();
    };

    const ClusterOptions options;
    const Store store;
    std::vector<Sign> signs;   // of the talking thread alone, as what follows
    bool stop_spread = false;  // this rank and the others know of each other's request to stop
    std::int64_t news_read = 0;
    std::int64_t calls_told = 0;
    Clock::time_point noted = Clock::now();

    std::mutex mutex;  // of what follows
    std::condition_variable changed;
    bool stopping = false;
    bool talking = true;
    std::chrono::seconds silence_limit;
    Clock::time_point answered = Clock::now();  // the store, the last time
    Clock::time_point lost_at;
    std::string reason;
    bool meeting = true;
    std::int64_t calls = 0;      // that the rank has begun
    const char* call = nullptr;  // the last one
    bool in_call = false;        // and it waits there; not on GPUs, which wait themselves
    Clock::time_point call_began;

    void talk();
    void guard();
    void spread_stop(bool news);
    void tell_calls();
    void lose_if_unconnected();
    [[nodiscard]] std::vector<std::string> late_ranks(std::int64_t own_calls, bool& first);
    void end_unheard_stop(Clock::duration asked_ago);
    [[nodiscard]] std::string bad_news() const;
    [[nodiscard]] std::string look_around(std::chrono::seconds limit);
    void lose(const std::string& why);
    [[nodiscard]] std::string stuck_store() const;
    [[nodiscard]] bool pause(std::chrono::milliseconds duration);
};

// Goes on giving signs after a loss: this rank lives, and the others must not miss it too.
void PeerWatch::State::talk() {
    try {
        do {
            std::chrono::seconds limit{};
            {
                const std::scoped_lock lock(mutex);
                limit = silence_limit;
            }
            const std::string missing = look_around(limit);
            {
                const std::scoped_lock lock(mutex);
                answered = Clock::now();
                lose(missing);
            }
            tell_calls();
            lose_if_unconnected();
        } while (pause(1s));
    } catch (const std::exception&) {
        const std::scoped_lock lock(mutex);
        lose(text(name_of(options, 0), " is gone: its store at port ", options.port, " does not answer"));
    }
    const std::scoped_lock lock(mutex);
    talking = false;
    changed.notify_all();
}

// Never asks the store: a call to one that stands still does not return.
void PeerWatch::State::guard() {
    bool told = false;
    auto last = Clock::now();
    auto heard_no_stop = last;
    while (pause(kTick)) {
        const auto now = Clock::now();
        if (!stop_requested()) heard_no_stop = now;
        end_unheard_stop(now - heard_no_stop);
        std::unique_lock lock(mutex);
        if (now - last > kStandstill) answered += now - last;  // nobody could have answered this process
        last = now;
        lose(stuck_store());
        if (told || reason.empty() || Clock::now() - lost_at <= kPatience || !options.on_loss) continue;
        told = true;
        const std::string why = reason;
        lock.unlock();
        options.on_loss(why);
    }
}

// The caller holds the lock.
void PeerWatch::State::lose(const std::string& why) {
    if (why.empty() || stopping || !reason.empty()) return;
    reason = why;
    lost_at = Clock::now();
    changed.notify_all();
}

// The caller holds the lock.
std::string PeerWatch::State::stuck_store() const {
    const auto silent = Clock::now() - answered;
    if (!talking || silent < silence_limit) return {};
    return text(name_of(options, 0), " stopped answering ", whole_seconds(silent), " s ago");
}

bool PeerWatch::State::pause(std::chrono::milliseconds duration) {
    std::unique_lock lock(mutex);
    return !changed.wait_for(lock, duration, [this] { return stopping; });
}

void PeerWatch::State::end_unheard_stop(Clock::duration asked_ago) {
    if (asked_ago < kPatienceWithStop || !options.on_stop) return;
    {
        const std::scoped_lock lock(mutex);
        if (!meeting || stopping) return;
    }
    options.on_stop();
}

// The one call of a meeting connects the ranks, and cannot be broken off. It may have ended for some of the others:
// they read why this one ends.
void PeerWatch::State::lose_if_unconnected() {
    {
        const std::scoped_lock lock(mutex);
        if (!meeting || !in_call || !reason.empty() || Clock::now() - call_began < options.connect_limit) return;
    }
    const std::string why =
        cannot_connect(options, text("nothing came of it within ", options.connect_limit.count(), " s"));
    put_news(*store, failure_key(options.rank), why);
    const std::scoped_lock lock(mutex);
    lose(why);
}

// Says how far this rank is, and for whom it waits when that takes long; of several waiting ranks one says it.
void PeerWatch::State::tell_calls() {
    std::unique_lock lock(mutex);
    const auto now = Clock::now();
    const std::int64_t own = calls;
    const std::string what = call == nullptr || now - call_began < options.note_interval ? "" : call;
    const bool waits = in_call;
    const auto waited = whole_seconds(now - call_began);
    lock.unlock();
    if (own != calls_told) put_words(*store, calls_key(options.rank), text(own));
    calls_told = own;
    if (what.empty() || now - noted < options.note_interval) return;
    noted = now;
    bool first = true;
    const auto late = late_ranks(own, first);
    if (!first) return;
    if (!late.empty()) {
        log_info(text("waiting for ", join(late, ", "), " in ", what, " (", waited, " s)"));
    } else if (waits) {
        log_warning(text("all ranks have been in ", what, " for ", waited,
                         " s: does the network let them connect to each other at all ports?"));
    }
}

// Those that have not begun the call that this rank is in; `first` becomes false when a rank before this one has.
std::vector<std::string> PeerWatch::State::late_ranks(std::int64_t own_calls, bool& first) {
    std::vector<std::string> late;
    for (int rank = 0; rank < options.size(); ++rank) {
        const auto key = calls_key(rank);
        const std::int64_t begun = store->check({key}) ? std::stoll(words_at(*store, key)) : 0;
        if (begun < own_calls) {
            late.push_back(name_of(options, rank));
        } else if (rank < options.rank) {
            first = false;
        }
    }
    return late;
}

void PeerWatch::State::spread_stop(bool news) {
    if (stop_spread) return;
    if (stop_requested()) {
        put_news(*store, kStopKey, std::to_string(options.rank));
    } else if (news && store->check({kStopKey})) {
        const int asked = std::stoi(words_at(*store, kStopKey));
        log_info(text(name_of(options, asked), " was asked to stop, so all stop"));
        request_stop();
    }
    stop_spread = stop_requested();
}

// What another rank has said about its own end or that of a third.
std::string PeerWatch::State::bad_news() const {
    for (int rank = 0; rank < options.size(); ++rank) {
        if (rank == options.rank) continue;
        if (const auto key = failure_key(rank); store->check({key}))
            return text(name_of(options, rank), " failed: ", words_at(*store, key));
        if (const auto key = silence_key(rank); store->check({key}))
            return text(name_of(options, rank), ' ', words_at(*store, key));
    }
    return {};
}

// One call to the store for each peer, and two: with N ranks it serves N² a second.
std::string PeerWatch::State::look_around(std::chrono::seconds limit) {
    store->add(beat_key(options.rank), 1);
    const std::int64_t count_of_news = count_news(*store);
    const bool news = std::exchange(news_read, count_of_news) != count_of_news;
    spread_stop(news);
    if (auto bad = news ? bad_news() : std::string(); !bad.empty()) return bad;
    const auto now = Clock::now();
    for (int rank = 0; rank < options.size(); ++rank) {
        if (rank == options.rank) continue;
        auto& sign = signs[static_cast<std::size_t>(rank)];
        const std::int64_t count = store->add(beat_key(rank), 0);
        if (count != sign.count) sign = {count, now};
        if (count == 0 || now - sign.seen < limit) continue;
        const std::string what = text("stopped answering ", whole_seconds(now - sign.seen), " s ago");
        // For those whose connections have not broken: they are more patient, and would blame this rank when it ends.
        put_news(*store, silence_key(rank), what);
        return text(name_of(options, rank), ' ', what);
    }
    return {};
}

PeerWatch::PeerWatch(const ClusterOptions& options)
    : state_(std::make_shared<State>(options)), guard_([state = state_] { state->guard(); }) {
    try {
        talk_ = std::thread([state = state_] { state->talk(); });
    } catch (...) {  // no more threads to be had
        stop();
        guard_.join();
        throw;
    }
}

PeerWatch::~PeerWatch() {
    stop();
    guard_.join();
    std::unique_lock lock(state_->mutex);
    const bool ended = state_->changed.wait_for(lock, 2s, [this] { return !state_->talking; });
    lock.unlock();
    if (ended) {
        talk_.join();
    } else {
        talk_.detach();
    }
}

void PeerWatch::end_meeting() {
    const std::scoped_lock lock(state_->mutex);
    state_->meeting = false;
}

PeerWatch::Call::Call(PeerWatch& watch, const char* what) : watch_(watch) {
    const std::scoped_lock lock(watch_.state_->mutex);
    ++watch_.state_->calls;
    watch_.state_->call = what;
    watch_.state_->in_call = true;
    watch_.state_->call_began = Clock::now();
}

PeerWatch::Call::~Call() {
    const std::scoped_lock lock(watch_.state_->mutex);
    watch_.state_->in_call = false;
}

void PeerWatch::stop() {
    const std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
    state_->changed.notify_all();
}

std::string PeerWatch::reason_of_break() {
    std::unique_lock lock(state_->mutex);
    state_->silence_limit = std::min(state_->silence_limit, kSilenceAfterBreak);
    state_->changed.wait_for(lock, state_->silence_limit + 3s,
                             [this] { return state_->stopping || !state_->reason.empty(); });
    return state_->reason;
}

}  // namespace tundish
