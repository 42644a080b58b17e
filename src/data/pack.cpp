#include "tundish/data/pack.hpp"

#include "record_packer.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/parallel.hpp"
#include "tundish/base/processors.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_reader.hpp"
#include "tundish/data/cifar_reader.hpp"
#include "tundish/data/idx_reader.hpp"
#include "tundish/data/shard_writer.hpp"

#include <array>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace tundish {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<PackFormat, const char*>, 3> kNames{
    {{PackFormat::recordio, "recordio"}, {PackFormat::tfrecord, "tfrecord"}, {PackFormat::cifar, "cifar"}}};
constexpr std::size_t kFilesAtOnce = 32;    // encoded images in memory, for each thread: they may be large
constexpr std::size_t kPixelsAtOnce = 512;  // raw images in memory, for each thread

// "out/train/" → "out/train"
fs::path without_slash(const fs::path& path) {
    const auto normal = path.lexically_normal();
    return normal.has_filename() ? normal : normal.parent_path();
}

bool lies_in(const fs::path& inner, const fs::path& outer) {
    const auto from_root = [](const fs::path& path) {
        std::error_code error;
        const auto whole = fs::weakly_canonical(fs::absolute(path), error);
        return without_slash(error ? fs::absolute(path) : whole);
    };
    const auto relative = from_root(inner).lexically_relative(from_root(outer));
    return !relative.empty() && *relative.begin() != "..";
}

// Training files beside test files, in the formats that have such.
bool has_training_files(const OpenedChannel& opened) {
    if (opened.format == DataFormat::idx) return !find_idx_files(opened.files).train.empty();
    return !find_cifar_files(opened.files).train.empty();
}

// Test images must not slip into what will be trained on.
DataPart choose_part(const PackOptions& options, const OpenedChannel& opened) {
    const bool with_parts = opened.format == DataFormat::idx || opened.format == DataFormat::cifar10 ||
                            opened.format == DataFormat::cifar100;
    if (!with_parts) {
        if (options.part) throw ConfigError("--part is for CIFAR and IDX files, which have test files among them");
        return DataPart::all;
    }
    if (options.part) return *options.part;
    if (!has_test_file(opened) || !has_training_files(opened)) return DataPart::all;
    log_info("left out the test images; --part test or --part all packs them");
    return DataPart::train;
}

// Whatever a File-mode channel may hold can be packed: a format joins here by joining open_channel().
std::unique_ptr<RecordReader> open_source(const PackOptions& options) {
    ChannelSpec channel;
    channel.path = without_slash(options.in);
    const auto opened = open_channel(channel, nullptr, DataFormat::automatic);
    log_info(text("packing ", channel.path.string(), ": ", to_text(opened.format), " (", opened.reason, ')'));
    return make_record_reader(opened, choose_part(options, opened), {});
}

// Reads, converts and writes, a bounded number of records at a time; files are read side by side.
class Packing {
  public:
    Packing(const PackOptions& options, RecordReader& reader)
        : options_(options),
          reader_(reader),
          packer_(options, reader.raw_shape(), reader.class_count()),
          writer_(without_slash(options.out), packer_.extension(), options.shard_bytes),
          threads_(options.threads > 0 ? options.threads : usable_processors()) {}

    void run() {
        while (take()) {
            convert();
            for (const auto& bytes : packed_) writer_.write(bytes);
            images_ += static_cast<std::int64_t>(packed_.size());
            report_progress();
        }
        if (images_ == 0) throw DataError(text("expected images in ", options_.in.string(), ", found none"));
        writer_.finish();
        log_info(text("packed ", images_, " images into ", writer_.shards(), writer_.shards() == 1 ? " file" : " files",
                      " in ", without_slash(options_.out).string(), ", ", human_bytes(writer_.bytes()), ", in ",
                      human_seconds(watch_.seconds())));
    }

  private:
    bool take() {
        const std::size_t at_once =
            (reader_.raw_shape() ? kPixelsAtOnce : kFilesAtOnce) * static_cast<std::size_t>(threads_);
        records_.clear();
        while (records_.size() < at_once) {
            if (stop_requested()) throw Stopped(text("packing ", options_.in.string()));
            auto record = reader_.next_unloaded();
            if (!record) break;
            records_.push_back(std::move(*record));
        }
        return !records_.empty();
    }

    void convert() {
        packed_.assign(records_.size(), {});
        for_each_index(records_.size(), threads_, [&](std::size_t i) {
            Record& record = records_[i];
            if (!record.problem.empty()) refuse(record, text(record.problem, ". Replace it, or take it out."));
            reader_.load(record);
            try {
                packed_[i] = packer_.pack(record);
            } catch (const DataError& error) {
                refuse(record, error.what());
            }
        });
    }

    [[noreturn]] void refuse(const Record& record, const std::string& problem) const {
        throw DataError(text(options_.in.string(), ", ", record.origin, ": ", problem));
    }

    void report_progress() {
        if (since_report_.seconds() < 1.0) return;
        since_report_.restart();
        const auto total = reader_.size_hint();
        log_info(
            text("packed ", images_, total > 0 ? text(" of ", total) : "", " images, ", human_bytes(writer_.bytes())));
    }

    const PackOptions& options_;
    RecordReader& reader_;
    RecordPacker packer_;
    ShardWriter writer_;
    int threads_;
    std::vector<Record> records_;
    std::vector<std::string> packed_;
    std::int64_t images_ = 0;
    Stopwatch watch_;
    Stopwatch since_report_;
};

// CIFAR's records do not tell how many classes there are: whoever reads them takes 10 or 100 for granted.
void log_class_count(const PackOptions& options, const RecordReader& reader) {
    const auto classes = reader.class_count();
    const auto format = classes > cifar_classes(DataFormat::cifar10) ? DataFormat::cifar100 : DataFormat::cifar10;
    if (options.format != PackFormat::cifar || classes < 2 || classes == cifar_classes(format)) return;
    log_warning(text("CIFAR's records do not tell that there are ", classes,
                     " classes: train with num_classes=", classes,
                     reader.class_names().empty()
                         ? ""
                         : text(", or for File mode put ", class_names_file(options).string(), " into the folder as ",
                                cifar_names_file(format), ", which tells number and names")));
}

void write_class_names(const PackOptions& options, const std::vector<std::string>& names) {
    if (names.empty()) return;
    write_file_atomically(class_names_file(options), join(names, "\n") + "\n");
    log_info(text("class names are in ", class_names_file(options).string(),
                  ", beside the data: in it they would become part of a Pipe-mode stream"));
}

}  // namespace

std::string to_text(PackFormat format) {
    for (const auto& [value, name] : kNames) {
        if (value == format) return name;
    }
    return "unknown";
}

PackFormat pack_format_from_text(const std::string& name) {
    for (const auto& [value, known] : kNames) {
        if (lower(trim(name)) == known) return value;
    }
    if (lower(trim(name)) == "mxnet") return PackFormat::recordio;
    throw ConfigError(text("--to: expected recordio (or mxnet, the same), tfrecord or cifar, found '", name, "'."));
}

void validate(const PackOptions& options) {
    std::error_code error;
    if (!fs::is_directory(options.in, error)) {
        const char* what = fs::exists(options.in, error) ? " is not a folder" : " does not exist";
        throw ConfigError(
            text(options.in.string(), what,
                 ". Expected a folder of images, of images and a .lst file, of CIFAR's .bin files or of IDX files."));
    }
    if (without_slash(options.out).filename().empty())
        throw ConfigError("pack needs a new or empty folder to write to");
    if (lies_in(options.out, options.in)) {
        throw ConfigError(text("the folder to write to, ", options.out.string(), ", lies in the one that is read, ",
                               options.in.string(), ": its files would become part of the input. Give one beside it."));
    }
    if (options.raw && options.format != PackFormat::recordio) {
        throw ConfigError(
            text("--raw is for --to recordio; ", to_text(options.format), " keeps raw pixels as they are"));
    }
    if (fs::exists(class_names_file(options), error)) {
        throw ConfigError(text(class_names_file(options).string(),
                               " exists already. Nothing is written over; remove it, "
                               "or give another folder."));
    }
}

fs::path class_names_file(const PackOptions& options) {
    const auto out = without_slash(options.out);
    return out.parent_path() / text("class_names.", out.filename().string(), ".txt");
}

void pack(const PackOptions& options) {
    validate(options);
    const auto reader = open_source(options);
    Packing(options, *reader).run();
    write_class_names(options, reader->class_names());
    log_class_count(options, *reader);
}

}  // namespace tundish
