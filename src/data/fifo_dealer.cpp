#include "tundish/data/fifo_dealer.hpp"

#include "dealt_pass.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_files.hpp"
#include "tundish/data/pipe_channel.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

namespace tundish {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolderPrefix = ".ranks-";

void remove_stale_folders(const fs::path& parent) {
    for (const auto& entry : folder_entries(parent)) {
        std::error_code ignored;
        if (entry.path().filename().string().starts_with(kFolderPrefix)) fs::remove_all(entry.path(), ignored);
    }
}

fs::path make_own_folder(const fs::path& parent) {
    make_folders(parent);
    remove_stale_folders(parent);
    std::string pattern = (parent / text(kFolderPrefix, "XXXXXX")).string();
    if (::mkdtemp(pattern.data()) != nullptr) return pattern;
    throw MachineError(
        text("cannot make the folder ", pattern, " for the FIFOs of this host's ranks: ", reason_and_remedy(errno)));
}

}  // namespace

// One channel, and the thread that deals it.
class FifoDealer::Channel {
  public:
    Channel(const ChannelSpec& channel, const fs::path& folder, int readers) : channel_(channel), source_(channel) {
        for (int index = 0; index < readers; ++index) dealt_.push_back(dealt(channel, folder, index));
    }

    // Returns when a stop is requested, of which the readers hear themselves, or after a failure.
    void run() noexcept {
        try {
            for (std::int64_t pass = 0;; ++pass) deal(pass);
        } catch (const Stopped&) {
            return;
        } catch (const Error& error) {
            tell_readers(error.blame(), error.what());
        } catch (const std::exception& error) {
            tell_readers(Blame::machine, text(name_of(channel_), ": ", error.what()));
        }
        pass_.reset();
    }

  private:
    void deal(std::int64_t pass) {
        std::vector<std::unique_ptr<Fifo>> fifos;
        for (const auto& reader : dealt_)
            fifos.push_back(std::make_unique<Fifo>(text(reader.path.string(), '_', pass)));
        pass_ = std::make_unique<DealtPass>(text("the ranks of this host with ", name_of(channel_)));
        pass_->open(fifos);
        const auto from = source_.next_pass();
        pass_->take_all(*from);
        pass_.reset();
    }

    void tell_readers(Blame blame, const std::string& message) const {
        for (const auto& reader : dealt_) {
            try {
                leave_failure(reader, blame, message);
            } catch (const std::exception& error) {  // it will think that the stream was cut off
                log_error(text(message, " (", error.what(), ')'));
            }
        }
    }

    ChannelSpec channel_;
    PipeChannel source_;
    std::vector<ChannelSpec> dealt_;
    std::unique_ptr<DealtPass> pass_;  ///< outlives run() after a stop: its FIFOs stay open
};

FifoDealer::FifoDealer(const std::vector<ChannelSpec>& channels, int readers, const fs::path& parent)
    : folder_(make_own_folder(parent)) {
    try {
        for (int index = 0; index < readers; ++index) make_folders(folder_ / text(index));
        for (const auto& channel : channels) channels_.push_back(std::make_unique<Channel>(channel, folder_, readers));
        for (const auto& channel : channels_) threads_.emplace_back([&dealing = *channel] { dealing.run(); });
    } catch (...) {
        end();
        throw;
    }
}

FifoDealer::~FifoDealer() {
    end();
}

void FifoDealer::end() {
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

}  // namespace tundish
