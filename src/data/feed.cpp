#include "tundish/data/feed.hpp"

#include "feed_objects.hpp"
#include "fifo_writer.hpp"
#include "reader_watch.hpp"
#include "sequential_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/parallel.hpp"
#include "tundish/base/random.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/record_frames.hpp"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <memory>
#include <numeric>
#include <system_error>
#include <utility>

namespace tundish {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = 1U << 18U;  // a few times what a pipe holds

bool is_channel_name(const std::string& name) {
    const auto fits = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
    };
    return !name.empty() && name.size() <= 64 && name.front() != '.' && std::all_of(name.begin(), name.end(), fits);
}

void validate_channel(const FeedChannel& channel) {
    std::error_code error;
    if (!is_channel_name(channel.name)) {
        throw ConfigError(
            text("'", channel.name, "' is no channel name; expected CHANNEL=PATH, such as train=data/train"));
    }
    if (!fs::exists(channel.path, error)) {
        throw ConfigError(text("channel '", channel.name, "': ", channel.path.string(), " does not exist"));
    }
    if (!channel.manifest.empty() && !fs::is_regular_file(channel.manifest, error)) {
        throw ConfigError(text("channel '", channel.name, "': there is no manifest ", channel.manifest.string()));
    }
    if (!channel.manifest.empty() && !fs::is_directory(channel.path, error)) {
        throw ConfigError(text("channel '", channel.name, "': ", channel.path.string(),
                               " is no folder; with a manifest it stands for the S3 bucket"));
    }
}

// Streams one channel's passes, each through a FIFO of its own.
class ChannelFeeder {
  public:
    ChannelFeeder(const FeedChannel& channel, const FeedOptions& options, ReaderWatch& watch)
        : channel_(channel),
          options_(options),
          watch_(watch),
          what_(text("channel '", channel.name, "'")),
          units_(channel.manifest.empty() ? list_objects(channel) : read_manifest(channel, options.attributes)),
          piece_(kPieceBytes) {}

    void run() {
        auto fifo = make_fifo(0);
        for (std::int64_t pass = 0; fifo; ++pass) {
            auto next = make_fifo(pass + 1);  // there before this pass ends, so that a reader need not wait
            if (!run_pass(*fifo, pass)) return;
            fifo = std::move(next);
        }
    }

  private:
    // Null beyond the last pass.
    [[nodiscard]] std::unique_ptr<Fifo> make_fifo(std::int64_t pass) const {
        if (options_.passes > 0 && pass >= options_.passes) return nullptr;
        return std::make_unique<Fifo>(options_.data_folder / text(channel_.name, '_', pass));
    }

    // False when no further pass will be read.
    bool run_pass(const Fifo& fifo, std::int64_t pass) {
        FifoWriter writer(what_, watch_, options_.bytes_per_second);
        if (pass == 0) log_info(text(what_, ": waiting for a reader of ", fifo.path().string()));
        if (!writer.open(fifo, deadline_)) {
            log_info(text(what_, ": the reader went away before pass ", pass));
            return false;
        }
        const Stopwatch watch;
        const bool whole = send_all(writer, pass);
        if (watch_.cancelled()) return false;
        log_info(text(what_, ": pass ", pass, whole ? " sent, " : " closed by its reader after ",
                      human_bytes(writer.written()), ", ", human_seconds(watch.seconds())));
        // A reader may close a pass early and come back for the next. One that cannot be watched gets a while for it.
        deadline_.reset();
        if (!whole && !reader_seen_) deadline_ = std::chrono::steady_clock::now() + watch_.patience();
        return true;
    }

    // False when the reader closed the FIFO.
    bool send_all(FifoWriter& writer, std::int64_t pass) {
        reader_seen_ = watch_.note_readers_of(writer.descriptor());
        for (const std::int64_t index : order_of(pass)) {
            for (const auto& part : units_[static_cast<std::size_t>(index)]) {
                if (!(part.file.empty() ? send_text(writer, part.text) : send_file(writer, part.file))) return false;
            }
        }
        look_again(writer);
        return true;
    }

    // A FIFO can be written to while its reader is still within open(), before /proc shows that it has it. The reader
    // of a short pass could then come and go unseen; as long as the pass has not ended, it cannot have gone.
    void look_again(const FifoWriter& writer) {
        constexpr int kLooks = 100;
        for (int i = 0; i < kLooks && !reader_seen_; ++i) {
            if (sleep_unless_stopped(std::chrono::milliseconds(5))) return;
            reader_seen_ = watch_.note_readers_of(writer.descriptor());
        }
    }

    [[nodiscard]] std::vector<std::int64_t> order_of(std::int64_t pass) const {
        const auto count = static_cast<std::int64_t>(units_.size());
        if (options_.shuffle_seed) return random_order(count, *options_.shuffle_seed, static_cast<std::uint64_t>(pass));
        std::vector<std::int64_t> order(units_.size());
        std::iota(order.begin(), order.end(), std::int64_t{0});
        return order;
    }

    bool send_text(FifoWriter& writer, const std::string& value) const {
        std::string bytes;
        if (options_.wrap_recordio) append_recordio_header(bytes, value.size());
        bytes += value;
        if (options_.wrap_recordio) bytes.append(recordio_padding(value.size()), '\0');
        return writer.write(as_bytes(bytes));
    }

    bool send_file(FifoWriter& writer, const fs::path& path) {
        SequentialFile file(path, what_);
        std::string header;
        if (options_.wrap_recordio) append_recordio_header(header, file.size());
        if (!writer.write(as_bytes(header))) return false;
        for (std::uint64_t left = file.size(); left > 0;) {
            const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece_.size()));
            if (file.read(piece_.data(), wanted) != wanted) {
                throw DataError(text(what_, ": ", path.string(), " became shorter while it was read"));
            }
            if (!writer.write({piece_.data(), wanted})) return false;
            left -= wanted;
        }
        const std::string padding(options_.wrap_recordio ? recordio_padding(file.size()) : 0, '\0');
        return writer.write(as_bytes(padding));
    }

    const FeedChannel& channel_;
    const FeedOptions& options_;
    ReaderWatch& watch_;
    std::string what_;
    std::vector<FeedUnit> units_;
    Bytes piece_;
    bool reader_seen_ = false;
    std::optional<std::chrono::steady_clock::time_point> deadline_;
};

void warn_of_mixed_bytes(const FeedOptions& options) {
    if (options.wrap_recordio || options.attributes.size() < 2) return;
    log_warning("attributes of a manifest run together without --record-wrapper recordio, as they do on the platform");
}

}  // namespace

void validate(const FeedOptions& options) {
    if (options.channels.empty()) throw ConfigError("feed needs at least one CHANNEL=PATH, such as train=data/train");
    std::vector<std::string> names;
    bool with_manifest = false;
    for (const auto& channel : options.channels) {
        validate_channel(channel);
        if (std::find(names.begin(), names.end(), channel.name) != names.end()) {
            throw ConfigError(text("channel '", channel.name, "' is given twice"));
        }
        names.push_back(channel.name);
        with_manifest = with_manifest || !channel.manifest.empty();
    }
    if (with_manifest == options.attributes.empty()) {
        throw ConfigError(
            "--manifest and --attributes belong together: the manifest's lines, and which of their "
            "attributes are sent, such as --attributes source-ref,label");
    }
    if (options.passes < 0) throw ConfigError(text("--passes: expected 0 (no end) or more, found ", options.passes));
}

void feed(const FeedOptions& options) {
    validate(options);
    std::signal(SIGPIPE, SIG_IGN);
    warn_of_mixed_bytes(options);
    make_folders(options.data_folder);
    ReaderWatch watch(options.patience);
    for_each_index(options.channels.size(), static_cast<int>(options.channels.size()), [&](std::size_t i) {
        try {
            ChannelFeeder(options.channels[i], options, watch).run();
        } catch (...) {
            watch.cancel();
            throw;
        }
    });
}

}  // namespace tundish
