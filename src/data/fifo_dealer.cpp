#include "tundish/data/fifo_dealer.hpp"

#include "fifo_writer.hpp"
#include "reader_watch.hpp"
#include "tundish/base/bytes.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_files.hpp"
#include "tundish/data/pipe_channel.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <list>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace tundish {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = 1U << 18U;  // as FeedOptions' side does: a few times what a pipe holds at first

fs::path make_own_folder(const fs::path& parent) {
    make_folders(parent);
    std::string pattern = (parent / ".ranks-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) return pattern;
    throw MachineError(
        text("cannot make the folder ", pattern, " for the FIFOs of this host's ranks: ", reason_and_remedy(errno)));
}

}  // namespace

// One channel, and the thread that deals it.
class FifoDealer::Channel {
  public:
    Channel(const ChannelSpec& channel, fs::path folder, int readers)
        : channel_(channel), source_(channel), folder_(std::move(folder)), readers_(readers), piece_(kPieceBytes) {}

    // Returns when a stop is requested.
    void run() {
        try {
            for (std::int64_t pass = 0;; ++pass) deal_pass(pass);
        } catch (const Stopped&) {  // the readers hear of it themselves
        }
    }

  private:
    void deal_pass(std::int64_t pass) {
        open_all(pass);
        const auto from = source_.next_pass();
        while (const std::size_t got = from->read(piece_.data(), piece_.size())) {
            std::erase_if(writers_, [&](FifoWriter& writer) { return !writer.write({piece_.data(), got}); });
            if (writers_.empty()) return;
        }
        writers_.clear();  // only here, where the pass has ended, may its readers see an end
    }

    void open_all(std::int64_t pass) {
        std::vector<std::unique_ptr<Fifo>> fifos;
        for (int index = 0; index < readers_; ++index) {
            fifos.push_back(std::make_unique<Fifo>(text(dealt(channel_, folder_, index).path.string(), '_', pass)));
        }
        for (const auto& fifo : fifos) {
            writers_.emplace_back(text("the ranks of this host with ", name_of(channel_)), watch_,
                                  /*bytes_per_second=*/0);
            writers_.back().open(*fifo, std::nullopt);
        }
    }

    ChannelSpec channel_;
    PipeChannel source_;
    fs::path folder_;
    int readers_;
    Bytes piece_;
    ReaderWatch watch_{std::chrono::milliseconds(0)};  // never asked: whoever started the readers watches them
    std::list<FifoWriter> writers_;
};

FifoDealer::FifoDealer(const std::vector<ChannelSpec>& channels, int readers, const fs::path& parent)
    : folder_(make_own_folder(parent)) {
    for (int index = 0; index < readers; ++index) make_folders(folder_ / text(index));
    for (const auto& channel : channels) channels_.push_back(std::make_unique<Channel>(channel, folder_, readers));
    for (const auto& channel : channels_) {
        threads_.emplace_back([this, &dealing = *channel] {
            try {
                dealing.run();
            } catch (...) {
                fail(std::current_exception());
            }
        });
    }
}

FifoDealer::~FifoDealer() {
    request_stop();
    threads_.clear();
    channels_.clear();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

ChannelSpec FifoDealer::dealt(ChannelSpec channel, const fs::path& folder, int index) {
    channel.path = folder / text(index) / channel.name;
    return channel;
}

void FifoDealer::check() const {
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
}

void FifoDealer::fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
}

}  // namespace tundish
