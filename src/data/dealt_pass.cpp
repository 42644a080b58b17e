#include "dealt_pass.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace tundish {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPieceBytes = 1U << 18U;

// While a reader has less than this before it, the source is read on.
constexpr std::size_t kHungry = 1U << 20U;

// How far one reader may fall behind another, which happens where records differ in size: each fills its own buffers
// before the ranks wait for each other.
constexpr std::size_t kMostHeld = std::size_t{256} << 20U;

constexpr auto kTick = 100ms;
constexpr auto kBetweenNotes = 30s;

}  // namespace

// The source, for as long as it may be cancelled.
class DealtPass::Borrowed {
  public:
    Borrowed(DealtPass& pass, ByteSource& source) : pass_(pass) { set(&source); }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed() { set(nullptr); }

  private:
    void set(ByteSource* source) {
        const std::lock_guard lock(pass_.mutex_);
        pass_.source_ = source;
    }

    DealtPass& pass_;
};

DealtPass::DealtPass(std::string what) : what_(std::move(what)), watch_(0ms) {}

void DealtPass::open(const std::vector<std::unique_ptr<Fifo>>& fifos) {
    for (const auto& fifo : fifos) {
        auto& outlet = outlets_.emplace_back(FifoWriter(what_, watch_, /*bytes_per_second=*/0));
        outlet.writer.open(*fifo, std::nullopt);
    }
}

DealtPass::~DealtPass() {
    watch_.cancel();
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        for (auto& outlet : outlets_) outlet.pieces.clear();
    }
    changed_.notify_all();
    join_writers();  // before any outlet goes: each thread looks at all of them
}

void DealtPass::join_writers() {
    for (auto& outlet : outlets_) {
        if (outlet.thread.joinable()) outlet.thread.join();
    }
}

void DealtPass::take_all(ByteSource& from) {
    const Borrowed source(*this, from);
    for (auto& outlet : outlets_) outlet.thread = std::jthread([this, &outlet] { write(outlet); });
    Bytes buffer(kPieceBytes);
    while (wait_for_room()) {
        const std::size_t got = read_some(buffer);
        if (got == 0) return finish();
        hand_out(std::make_shared<const Bytes>(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got)));
    }
}

// 0 at the end, and when nobody reads on.
std::size_t DealtPass::read_some(Bytes& to) {
    try {
        return source_->read(to.data(), to.size());
    } catch (const MachineError&) {
        const std::lock_guard lock(mutex_);
        if (!all_closed()) throw;
        return 0;
    }
}

void DealtPass::write(Outlet& outlet) {
    try {
        while (const Piece piece = next_piece(outlet)) {
            if (!outlet.writer.write({piece->data(), piece->size()})) return close(outlet);
            const std::lock_guard lock(mutex_);
            outlet.held -= piece->size();
            changed_.notify_all();
        }
        if (outlet.writer.reader_has_gone()) return close(outlet);
        // The end of the pass, which no reader waits for until the others have taken everything: they may need this
        // one.
        if (!watch_.cancelled() && !stop_requested()) outlet.writer.close();
    } catch (const Stopped&) {  // take_all() hears of it, too
    } catch (...) {
        note_failure();
    }
}

void DealtPass::close(Outlet& outlet) {
    const std::lock_guard lock(mutex_);
    outlet.closed = true;
    outlet.pieces.clear();
    outlet.held = 0;
    if (all_closed() && source_ != nullptr) source_->cancel();
    changed_.notify_all();
}

// Under the mutex.
bool DealtPass::all_closed() const {
    return std::all_of(outlets_.begin(), outlets_.end(), [](const auto& outlet) { return outlet.closed; });
}

// Of the exception that is being handled; the first one counts.
void DealtPass::note_failure() {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    changed_.notify_all();
}

// Null when there is none and will be none, or nobody reads on: while there is none only poll() tells that.
DealtPass::Piece DealtPass::next_piece(Outlet& outlet) {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kTick, [&] { return ended_ || !outlet.pieces.empty(); })) {
        if (stop_requested() || outlet.writer.reader_has_gone()) return nullptr;
    }
    if (outlet.pieces.empty()) return nullptr;
    auto piece = std::move(outlet.pieces.front());
    outlet.pieces.pop_front();
    return piece;
}

// Under the mutex: somebody wants more, and nobody is too far behind.
bool DealtPass::has_room() const {
    std::size_t least = kMostHeld;
    std::size_t most = 0;
    for (const auto& outlet : outlets_) {
        if (outlet.closed) continue;
        least = std::min(least, outlet.held);
        most = std::max(most, outlet.held);
    }
    return least < kHungry && most < kMostHeld;
}

// False when all readers have closed their FIFO.
bool DealtPass::wait_for_room() {
    auto next_note = std::chrono::steady_clock::now() + kBetweenNotes;
    std::unique_lock lock(mutex_);
    while (true) {
        if (failure_) std::rethrow_exception(failure_);
        if (stop_requested()) throw Stopped(text("feeding ", what_));
        if (all_closed()) return false;
        if (has_room()) return true;
        if (changed_.wait_for(lock, kTick) == std::cv_status::no_timeout) continue;
        const bool starving =
            std::any_of(outlets_.begin(), outlets_.end(), [](const auto& o) { return !o.closed && o.held == 0; });
        if (!starving || std::chrono::steady_clock::now() < next_note) continue;
        next_note += kBetweenNotes;
        log_warning(text("one of ", what_, " waits for more, and another has not taken ", human_bytes(kMostHeld),
                         " yet: their records differ much in size. If nothing moves, set ranks_per_host to 1, or use "
                         "File mode."));
    }
}

void DealtPass::hand_out(const Piece& piece) {
    const std::lock_guard lock(mutex_);
    for (auto& outlet : outlets_) {
        if (outlet.closed) continue;
        outlet.pieces.push_back(piece);
        outlet.held += piece->size();
    }
    changed_.notify_all();
}

// Only here, where the pass has ended, may its readers see an end: each when it has taken all.
void DealtPass::finish() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    changed_.notify_all();
    join_writers();
    if (failure_) std::rethrow_exception(failure_);
    if (stop_requested()) throw Stopped(text("feeding ", what_));
}

}  // namespace tundish
