#include "peer_watch.hpp"

#include <algorithm>

#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kSilenceAfterBreak = 4s;

// How long the rank may take to notice a loss itself, and to say more about it.
constexpr auto kPatience = 3s;

std::string beat_key(int rank) {
    return text("beat/", rank);
}

}  // namespace

std::string failure_key(int rank) {
    return text("failure/", rank);
}

PeerWatch::PeerWatch(const ClusterOptions& options)
    : options_(options),
      store_(open_second_connection(options)),
      signs_(options.hosts.size()),
      silence_limit_(options.silence_limit) {
    for (auto& sign : signs_) sign.seen = std::chrono::steady_clock::now();
    thread_ = std::thread([this] { run(); });
}

PeerWatch::~PeerWatch() {
    stop();
    thread_.join();
}

void PeerWatch::stop() {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
}

std::string PeerWatch::reason_of_break() {
    std::unique_lock lock(mutex_);
    silence_limit_ = std::min(silence_limit_, kSilenceAfterBreak);
    changed_.wait_for(lock, silence_limit_ + 3s, [this] { return stopping_ || !reason_.empty(); });
    return reason_;
}

bool PeerWatch::pause(std::chrono::milliseconds duration) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, duration, [this] { return stopping_; });
}

// Goes on giving signs after a loss: this rank lives, and the others must not miss it too.
void PeerWatch::run() {
    std::chrono::steady_clock::time_point lost_at;
    bool told = false;
    do {
        std::string reason;
        const auto limit = silence_limit();
        try {
            reason = look_around(limit);
        } catch (const std::exception&) {
            reason = text(name_of(options_, 0), " is gone: its store at port ", options_.port, " does not answer");
        }
        const auto now = std::chrono::steady_clock::now();
        const std::scoped_lock lock(mutex_);
        if (stopping_) return;
        if (!reason.empty() && reason_.empty()) {
            reason_ = reason;
            lost_at = now;
            changed_.notify_all();
        }
        if (!reason_.empty() && !told && now - lost_at > kPatience && options_.on_loss) {
            told = true;
            options_.on_loss(reason_);
        }
    } while (pause(1s));
}

std::chrono::seconds PeerWatch::silence_limit() {
    const std::scoped_lock lock(mutex_);
    return silence_limit_;
}

void PeerWatch::spread_stop() {
    if (stop_spread_) return;
    if (stop_requested()) {
        const std::string own = std::to_string(options_.rank);
        store_->set(kStopKey, std::vector<std::uint8_t>(own.begin(), own.end()));
    } else if (store_->check({kStopKey})) {
        const auto asked = store_->get(kStopKey);
        log_info(text(name_of(options_, std::stoi(std::string(asked.begin(), asked.end()))),
                      " was asked to stop, so all stop"));
        request_stop();
    }
    stop_spread_ = stop_requested();
}

std::string PeerWatch::look_around(std::chrono::seconds limit) {
    store_->add(beat_key(options_.rank), 1);
    spread_stop();
    const auto now = std::chrono::steady_clock::now();
    for (int rank = 0; rank < static_cast<int>(signs_.size()); ++rank) {
        if (rank == options_.rank) continue;
        if (store_->check({failure_key(rank)})) {
            const auto why = store_->get(failure_key(rank));
            return text(name_of(options_, rank), " failed: ", std::string(why.begin(), why.end()));
        }
        auto& sign = signs_[static_cast<std::size_t>(rank)];
        const std::int64_t count = store_->add(beat_key(rank), 0);
        if (count != sign.count) sign = {count, now};
        const auto silent = std::chrono::duration_cast<std::chrono::seconds>(now - sign.seen);
        if (silent >= limit) return text(name_of(options_, rank), " stopped answering ", silent.count(), " s ago");
    }
    return {};
}

}  // namespace tundish
