#include "tundish/data/pipe_channel.hpp"

#include "fifo_bytes.hpp"
#include "patient_wait.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"
#include "tundish/base/unique_fd.hpp"
#include "tundish/data/channel_files.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <poll.h>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tundish {
namespace {

namespace fs = std::filesystem;

fs::path failure_file(const ChannelSpec& channel) {
    return channel.path.string() + "_failed";
}

constexpr std::string_view kUsersFault = "user: ";
constexpr std::string_view kMachinesFault = "machine: ";

void throw_failure_of_writer(const ChannelSpec& channel) {
    const fs::path file = failure_file(channel);
    std::error_code none;
    if (!fs::exists(file, none)) return;
    const std::string content = read_file(file);
    if (content.starts_with(kUsersFault)) throw DataError(content.substr(kUsersFault.size()));
    throw MachineError(content.substr(std::min(kMachinesFault.size(), content.size())));
}

}  // namespace

void PipeOptions::validate() const {
    const auto at_least = [](std::chrono::milliseconds value, int least, const char* name) {
        if (value.count() < least)
            throw ConfigError(text(name, ": expected at least ", least, " ms, found ", value.count()));
    };
    at_least(first_fifo_deadline, 0, "first_fifo_deadline");
    at_least(next_fifo_deadline, 0, "next_fifo_deadline");
    at_least(stall_deadline, 0, "stall_deadline");
    at_least(notice_interval, 1, "notice_interval");
    at_least(look_interval, 1, "look_interval");
}

class PipeChannel::Pass : public ByteSource {
  public:
    Pass(PipeChannel& channel, std::int64_t pass)
        : channel_(channel), pass_(pass), path_(text(channel.channel_.path.string(), '_', pass)) {
        channel_.in_use_ = true;
    }
    ~Pass() override { channel_.in_use_ = false; }

    void cancel() noexcept override {
        cancelled_ = true;
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto ignored = ::write(cancel_event_.get(), &one, sizeof one);
    }

    std::size_t read(std::uint8_t* to, std::size_t size) override;
    [[nodiscard]] std::string what() const override { return text(name_of(channel_.channel_), ", ", place()); }
    [[nodiscard]] std::string place() const override { return text("pass ", pass_, " (", path_.string(), ')'); }
    [[nodiscard]] std::string advice(Damage damage) const override;

  private:
    void check_wanted() const;
    void open();
    bool try_to_open();
    void check_is_fifo() const;
    void wait_for_data();
    [[nodiscard]] std::string awaited_fifo() const;
    [[nodiscard]] std::string awaited_data() const;

    PipeChannel& channel_;
    std::int64_t pass_;
    fs::path path_;
    std::atomic<bool> cancelled_{false};
    UniqueFd cancel_event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::optional<FifoBytes> fifo_;
    bool writer_seen_ = false;
    bool ended_ = false;
    std::uint64_t offset_ = 0;
};

std::size_t PipeChannel::Pass::read(std::uint8_t* to, std::size_t size) {
    if (ended_) return 0;
    if (!fifo_) open();
    // Until a writer has come, read() gives 0 as it does at the end; only poll() tells the two apart.
    if (!writer_seen_) wait_for_data();
    while (true) {
        check_wanted();
        const ssize_t got = fifo_->read(to, size);
        if (got > 0) {
            offset_ += static_cast<std::uint64_t>(got);
            return static_cast<std::size_t>(got);
        }
        if (got == 0) {
            throw_failure_of_writer(channel_.channel_);
            ended_ = true;
            fifo_.reset();
            return 0;
        }
        if (errno == EAGAIN) {
            wait_for_data();
        } else if (errno != EINTR) {
            throw MachineError(text(what(), ": cannot read from byte ", offset_, ": ", system_reason(errno)));
        }
    }
}

void PipeChannel::Pass::check_wanted() const {
    if (stop_requested()) throw Stopped(text("reading ", what()));
    if (cancelled_) throw MachineError(text(what(), ": left at byte ", offset_, ", as nobody reads on"));
}

void PipeChannel::Pass::open() {
    const auto& options = channel_.options_;
    PatientWait wait([this] { return awaited_fifo(); },
                     pass_ == 0 ? options.first_fifo_deadline : options.next_fifo_deadline, options.notice_interval);
    while (!try_to_open()) {
        throw_failure_of_writer(channel_.channel_);
        check_wanted();
        const auto step = std::min(wait.step(), options.look_interval);
        if (wait.over()) {
            throw DataError(text(wait.said(),
                                 ". It did not come in time: is the channel's input mode Pipe, and does "
                                 "its S3 prefix hold objects?"));
        }
        sleep_unless_stopped(step);
    }
}

// False while there is nothing at the path.
bool PipeChannel::Pass::try_to_open() {
    check_is_fifo();  // before the opening, which would already tell a device or a FIFO's writer that we are there
    UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!fd && errno != ENOENT && errno != EINTR) {
        throw DataError(text(what(), ": cannot open the FIFO: ", reason_and_remedy(errno)));
    }
    if (fd) fifo_.emplace(std::move(fd));
    return fifo_.has_value();
}

void PipeChannel::Pass::check_is_fifo() const {
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0 || S_ISFIFO(status.st_mode)) return;
    throw DataError(text(what(), ": expected a FIFO, found a ",
                         S_ISREG(status.st_mode)   ? "regular file"
                         : S_ISDIR(status.st_mode) ? "folder"
                                                   : "file of another kind",
                         ". For files set the channel's input mode to File; to try Pipe mode locally use "
                         "`tundish feed`, which makes the FIFOs."));
}

// Returns when there are bytes, when the last writer has gone, or when nobody wants more.
void PipeChannel::Pass::wait_for_data() {
    const auto& options = channel_.options_;
    PatientWait wait([this] { return awaited_data(); }, options.stall_deadline, options.notice_interval);
    while (true) {
        std::array<pollfd, 3> wanted{
            {{fifo_->fd(), POLLIN, 0}, {stop_fd(), POLLIN, 0}, {cancel_event_.get(), POLLIN, 0}}};
        const int ready = ::poll(wanted.data(), wanted.size(), static_cast<int>(wait.step().count()));
        if (ready < 0 && errno != EINTR) {
            throw MachineError(text(what(), ": cannot wait for bytes: ", system_reason(errno)));
        }
        if (ready > 0 && wanted[0].revents != 0) {
            writer_seen_ = true;
            return;
        }
        if (cancelled_) return;
        if (wait.over()) {
            throw MachineError(text(wait.said(),
                                    ". The stream has stalled, though the FIFO is still open; run the job "
                                    "again."));
        }
    }
}

std::string PipeChannel::Pass::awaited_fifo() const {
    std::error_code ignored;
    const bool folder = fs::is_directory(channel_.channel_.path, ignored);
    return text(what(), ": waiting for the FIFO to appear",
                folder ? text("; there is a folder ", channel_.channel_.path.string(),
                              ", as a channel with input mode File has")
                       : "");
}

std::string PipeChannel::Pass::awaited_data() const {
    return writer_seen_ ? text(what(), ": waiting for more after byte ", offset_)
                        : text(what(), ": waiting for the first byte");
}

std::string PipeChannel::Pass::advice(Damage damage) const {
    return damage == Damage::cut_off
               ? "The stream's writer died, or an object of the channel is cut off: look at the channel's last object, "
                 "then run the job again."
               : "In Pipe mode every object under the channel's S3 prefix is streamed: look for stray ones there "
                 "(_SUCCESS, readme or index files) and for objects in another format.";
}

PipeChannel::PipeChannel(ChannelSpec channel, const PipeOptions& options)
    : channel_(std::move(channel)), options_(options) {
    options_.validate();
}

PipeChannel::~PipeChannel() = default;

void leave_failure(const ChannelSpec& channel, Blame blame, const std::string& message) {
    write_file_atomically(failure_file(channel), text(blame == Blame::user ? kUsersFault : kMachinesFault, message));
}

std::unique_ptr<ByteSource> PipeChannel::next_pass() {
    if (in_use_) {
        throw MachineError(text(name_of(channel_), ": pass ", passes_, " was asked for while pass ", passes_ - 1,
                                " is still open. This is an error in tundish."));
    }
    return std::make_unique<Pass>(*this, passes_++);
}

}  // namespace tundish
