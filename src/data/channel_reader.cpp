#include "tundish/data/channel_reader.hpp"

#include "unwrapped_source.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/base/log.hpp"
#include "tundish/data/cifar_reader.hpp"
#include "tundish/data/compressed_cifar.hpp"
#include "tundish/data/files_source.hpp"
#include "tundish/data/format_guess.hpp"
#include "tundish/data/idx_reader.hpp"
#include "tundish/data/image_files_reader.hpp"
#include "tundish/data/image_header.hpp"
#include "tundish/data/inflate.hpp"
#include "tundish/data/peeked_source.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

namespace tundish {
namespace {

bool has_list(const ChannelFiles& files) {
    return std::any_of(files.files.begin(), files.files.end(),
                       [](const auto& file) { return lower(file).ends_with(".lst"); });
}

const std::string* first_file(const ChannelFiles& files, bool (*matches)(std::string_view)) {
    const auto found = std::find_if(files.files.begin(), files.files.end(), matches);
    return found == files.files.end() ? nullptr : &*found;
}

// "image/png; charset=x" → "image/png".
std::string media_type(const std::string& content_type) {
    return lower(trim(content_type.substr(0, content_type.find(';'))));
}

// What lies beside records without being any: a file for people, or an index. Images do, too.
bool is_side_file(std::string_view file) {
    constexpr std::array kEndings{".idx", ".lst", ".txt", ".md", ".json", ".html", ".csv", ".index"};
    return std::any_of(kEndings.begin(), kEndings.end(),
                       [name = lower(file)](std::string_view ending) { return name.ends_with(ending); });
}

std::vector<std::string> record_files(const ChannelFiles& files) {
    std::vector<std::string> found;
    for (const auto& file : files.files) {
        if (!is_side_file(file) && !has_image_name(file)) found.push_back(file);
    }
    return found;
}

Bytes first_bytes(std::unique_ptr<ByteSource> source, std::size_t size) {
    const PeekedSource peeked(std::move(source), size);
    return {peeked.head().begin(), peeked.head().end()};
}

std::unique_ptr<ByteSource> source_of(const ChannelFiles& files, const std::string& file) {
    return std::make_unique<FilesSource>(files.channel, std::vector{file});
}

constexpr const char* kWhatIsRead =
    "RecordIO, TFRecord or CIFAR's .bin files, MNIST's IDX files, one folder of JPEG, PNG, BMP or WebP images per "
    "class, "
    "or images and a .lst file";

// Uploaders leave empty parts; the first bytes that there are tell what all are.
std::vector<std::string> from_first_with_bytes(const ChannelFiles& files, std::vector<std::string> records) {
    const auto has_bytes = [&](const std::string& file) {
        std::error_code error;
        return std::filesystem::file_size(files.path_of(file), error) > 0 || error;  // which its reader will report
    };
    records.erase(records.begin(), std::find_if(records.begin(), records.end(), has_bytes));
    return records;
}

[[noreturn]] void cannot_tell(const ChannelFiles& files) {
    if (from_first_with_bytes(files, record_files(files)).empty()) {
        throw NoRecords(text(name_of(files.channel), ": expected ", kWhatIsRead, "; found only ", some_of(files.files),
                             ". ", check_prefix(files.channel)));
    }
    throw DataError(text(name_of(files.channel), ": cannot tell the data format. Expected ", kWhatIsRead, "; found ",
                         some_of(files.files), " (", files.files.front(), ": ",
                         describe_bytes(first_bytes(source_of(files, files.files.front()), 32)), ")",
                         files.channel.content_type.empty() ? "" : ", content type ", files.channel.content_type,
                         files.channel.name.empty() ? ". Unpack archives first."
                                                    : ". Set data_format, or unpack archives before uploading them."));
}

// Only what cannot be a coincidence: small numbers 3,073 bytes apart can, and CIFAR's files are known by their names.
std::optional<FormatGuess> guess_by_first_bytes(const ChannelFiles& files) {
    const auto records = from_first_with_bytes(files, record_files(files));
    if (records.empty()) return std::nullopt;
    const std::string& file = records.front();
    std::optional<FormatGuess> guess;
    try {
        guess = guess_format(first_bytes(inflate_on_sight(source_of(files, file)), 32));
    } catch (const DataError&) {
        return std::nullopt;  // damaged gzip data tell no format; whoever reads them says what is wrong
    }
    if (guess) guess->reason = text(file, ' ', guess->reason);
    return guess;
}

// What the files are that are no images.
std::optional<FormatGuess> guess_beside_images(const ChannelFiles& files) {
    if (const auto* idx = first_file(files, has_idx_name)) return FormatGuess{DataFormat::idx, text("found ", *idx)};
    if (auto guess = guess_by_first_bytes(files)) return guess;
    const std::string* binary = first_file(files, has_cifar_name);
    if (binary == nullptr) return std::nullopt;
    return FormatGuess{looks_like_cifar100(files) ? DataFormat::cifar100 : DataFormat::cifar10,
                       text("found ", *binary)};
}

// As an image folder needs it: all images in folders, and more than one of these.
bool lie_in_class_folders(const ChannelFiles& files) {
    std::set<std::string> classes;
    for (const auto& file : files.files) {
        if (has_image_name(file)) classes.insert(file.substr(0, file.find('/') + 1));
    }
    return classes.size() > 1 && !classes.begin()->empty();
}

[[noreturn]] void mixed(const ChannelFiles& files, const FormatGuess& records, const std::string& image) {
    throw DataError(text(name_of(files.channel), ": found ", to_text(records.format), " (", records.reason,
                         ") and images that do not lie in class folders, such as ", image,
                         ". Expected one of the two. Take the images away, or set data_format=",
                         to_text(records.format), " to leave them out."));
}

void decide_by_files(OpenedChannel& opened) {
    const auto& files = opened.files;
    const std::string* image = first_file(files, has_image_name);
    if (image != nullptr && has_list(files)) {
        opened.format = DataFormat::lst;
        opened.reason = text("images and a .lst file, such as ", *image);
        return;
    }
    const bool folders = image != nullptr && lie_in_class_folders(files);
    if (auto guess = folders ? std::nullopt : guess_beside_images(files)) {
        if (image != nullptr) mixed(files, *guess, *image);
        opened.format = guess->format;
        opened.reason = std::move(guess->reason);
    } else if (image != nullptr) {
        opened.format = DataFormat::image_folder;
        opened.reason = text("found images, such as ", *image);
    } else {
        cannot_tell(files);
    }
}

bool may_wrap_cifar(DataFormat format) {
    return format == DataFormat::recordio || format == DataFormat::cifar10 || format == DataFormat::cifar100;
}

constexpr const char* kBareImage = ", and its first record is a bare image";

// For the log.
std::string wrapped_reason(DataFormat format, ByteSpan head) {
    const auto wrapped = may_wrap_cifar(format) ? guess_wrapped_format(head) : std::nullopt;
    return wrapped ? text(", ", wrapped->reason) : "";
}

// What a content type says beyond doubt; nothing for those that any format may have.
DataFormat format_of_type(const std::string& type) {
    if (type == "application/x-recordio") return DataFormat::recordio;
    if (type == "application/x-tfrecord" || type == "application/tfrecord") return DataFormat::tfrecord;
    return DataFormat::automatic;
}

void decide(OpenedChannel& opened, bool with_lst_channel, DataFormat wanted) {
    const std::string type = media_type(opened.files.channel.content_type);
    if (wanted != DataFormat::automatic) {
        opened.format = wanted;
        opened.reason = "data_format says so";
    } else if (with_lst_channel) {
        opened.format = DataFormat::lst;
        opened.reason = text("there is a ", opened.lists.channel.name, " channel");
    } else if (format_of_type(type) != DataFormat::automatic) {
        opened.format = format_of_type(type);
        opened.reason = text("content type ", type);
    } else if (type == "application/x-image" || type.starts_with("image/")) {
        opened.format = has_list(opened.files) ? DataFormat::lst : DataFormat::image_folder;
        opened.reason = text("content type ", type);
    } else {
        decide_by_files(opened);
    }
}

// Records, or CIFAR's records in those of RecordIO.
std::unique_ptr<StreamReader> read_stream(std::unique_ptr<PeekedSource> source, const ChannelSpec& channel,
                                          DataFormat format, const DataOptions& options,
                                          const StreamForm* known = nullptr) {
    const auto wrapped = may_wrap_cifar(format) ? guess_wrapped_format(source->head()) : std::nullopt;
    if (!wrapped) return std::make_unique<StreamReader>(std::move(source), channel, format, options, known);
    return std::make_unique<StreamReader>(std::make_unique<UnwrappedSource>(std::move(source)), channel,
                                          wrapped->format, options, known);
}

std::unique_ptr<RecordReader> read_record_files(const OpenedChannel& opened, const DataOptions& options) {
    auto records = record_files(opened.files);
    std::vector<std::string> others;
    std::set_difference(opened.files.files.begin(), opened.files.files.end(), records.begin(), records.end(),
                        std::back_inserter(others));
    log_ignored(opened.files.channel, "not records", others);
    records = from_first_with_bytes(opened.files, std::move(records));
    if (records.empty()) {
        throw NoRecords(text(name_of(opened.files.channel), ": expected ", to_text(opened.format),
                             " files with records, found only ", some_of(opened.files.files), '.'));
    }
    auto files = std::make_unique<FilesSource>(opened.files.channel, std::move(records));
    auto source = std::make_unique<PeekedSource>(inflate_on_sight(std::move(files)), kGuessBytes);
    return read_stream(std::move(source), opened.files.channel, opened.format, options);
}

std::unique_ptr<RecordReader> cifar_reader(const OpenedChannel& opened, DataPart part, const DataOptions& options) {
    const auto names = choose_cifar_files(opened.files, part);
    if (any_compressed(opened.files, names))
        return std::make_unique<CompressedCifar>(opened.files, names, opened.format, options);
    return std::make_unique<CifarReader>(opened.files, opened.format, part, options.num_classes);
}

std::unique_ptr<RecordReader> reader_of_format(const OpenedChannel& opened, DataPart part, const DataOptions& options) {
    switch (opened.format) {
        case DataFormat::image_folder:
            return std::make_unique<ImageFilesReader>(opened.files.channel,
                                                      list_image_folders(opened.files, options.num_classes));
        case DataFormat::lst:
            return std::make_unique<ImageFilesReader>(opened.files.channel,
                                                      read_lst(opened.files, opened.lists, options.num_classes));
        case DataFormat::idx:
            return std::make_unique<IdxReader>(opened.files, part, options.num_classes);
        case DataFormat::recordio:
        case DataFormat::tfrecord:
        case DataFormat::augmented_manifest:
            return read_record_files(opened, options);
        case DataFormat::automatic:
        case DataFormat::cifar10:
        case DataFormat::cifar100:
            break;
    }
    return cifar_reader(opened, part, options);
}

// What the files speak for when nobody says it; nothing where they do not tell.
std::optional<FormatGuess> guess_by_files(const OpenedChannel& read) {
    const bool list_elsewhere = read.lists.channel.path != read.files.channel.path;
    if (read.format == DataFormat::lst && list_elsewhere) return FormatGuess{DataFormat::lst, ""};
    try {
        OpenedChannel opened{read.files, read.files, DataFormat::automatic, ""};
        decide_by_files(opened);
        return FormatGuess{opened.format, opened.reason};
    } catch (const DataError&) {
        return std::nullopt;
    }
}

// Both hold RecordIO, and it is their records that tell which they are.
bool is_of_recordio(DataFormat format) {
    return format == DataFormat::recordio || format == DataFormat::augmented_manifest;
}

// Data that cannot be read as data_format says may be of another one: the message says so, and what they look like.
template <typename Read, typename Guess>
auto with_doubt(const Read& read, DataFormat wanted, const Guess& guess) {
    try {
        return read();
    } catch (const DataError& error) {
        if (wanted == DataFormat::automatic) throw;
        const std::optional<FormatGuess> found = guess();
        const bool nothing = dynamic_cast<const NoRecords*>(&error) != nullptr;
        if (!found && nothing) throw;  // there is nothing to be misread
        if (found && (found->format == wanted || (is_of_recordio(found->format) && is_of_recordio(wanted)))) throw;
        const auto doubt = text(error.what(), " It is read as ", to_text(wanted), " because data_format says so",
                                found ? text(", but it looks like ", to_text(found->format), " (", found->reason,
                                             "): leave data_format out, or set it to ", to_text(found->format), '.')
                                      : std::string(": is that right?"));
        if (nothing) throw NoRecords(doubt);
        throw DataError(doubt);
    }
}

FormatGuess format_of_stream(const PeekedSource& source, const ChannelSpec& channel, DataFormat wanted,
                             const StreamForm* known) {
    if (source.head().empty()) {
        throw NoRecords(
            text(source.what(), ": expected records, found a stream without a byte. Check the channel's S3 prefix."));
    }
    if (wanted != DataFormat::automatic) return {wanted, "data_format says so"};
    const std::string type = media_type(channel.content_type);
    if (const auto format = format_of_type(type); format != DataFormat::automatic)
        return {format, text("content type ", type)};
    if (channel.wrapper == RecordWrapper::recordio) return {DataFormat::recordio, "RecordWrapperType is RecordIO"};
    if (auto guess = guess_format(source.head())) return {guess->format, text("the stream ", guess->reason)};
    source.check_head();
    if (known != nullptr) return {known->format, "as in the first pass"};  // a record that is cut off is named so
    const bool whole = source.head().size() < kGuessBytes;
    throw DataError(text(source.what(), whole ? ", record 0 (byte 0)" : "", ": cannot tell the data format",
                         whole ? text(" of a stream that ends after ", source.head().size(), " bytes") : "",
                         ". Expected RecordIO, TFRecord or CIFAR's binary "
                         "records, found ",
                         describe_bytes(source.head()),
                         ". Images and lists need RecordWrapperType RecordIO or File mode; a readme or _SUCCESS file "
                         "under the prefix becomes part of the stream. Set data_format if the bytes are right."));
}

}  // namespace

OpenedChannel open_channel(const ChannelSpec& channel, const ChannelSpec* lst, DataFormat wanted) {
    OpenedChannel opened;
    opened.files = list_channel(channel);
    if (opened.files.files.empty()) {
        throw NoRecords(text(name_of(channel), ": expected data files in ", channel.path.string(), ", found none. ",
                             check_prefix(channel), pipe_hint(channel)));
    }
    opened.lists = lst != nullptr ? list_channel(*lst) : opened.files;
    decide(opened, lst != nullptr, wanted);
    if (opened.format != DataFormat::recordio) return opened;
    if (const auto records = from_first_with_bytes(opened.files, record_files(opened.files)); !records.empty()) {
        const auto head = first_bytes(inflate_on_sight(source_of(opened.files, records.front())), kGuessBytes);
        opened.reason += wrapped_reason(opened.format, head);
        if (begins_with_bare_image(head)) {
            opened.format = DataFormat::augmented_manifest;
            opened.reason += kBareImage;
        }
    }
    return opened;
}

std::unique_ptr<RecordReader> make_record_reader(const OpenedChannel& opened, DataPart part,
                                                 const DataOptions& options) {
    return with_doubt([&] { return reader_of_format(opened, part, options); }, options.format,
                      [&] { return guess_by_files(opened); });
}

OpenedPass open_pass(std::unique_ptr<ByteSource> pass, const ChannelSpec& channel, const DataOptions& options,
                     const StreamForm* known) {
    auto source = std::make_unique<PeekedSource>(inflate_on_sight(std::move(pass)), kGuessBytes);
    auto [format_found, reason] = format_of_stream(*source, channel, options.format, known);
    const DataFormat format = format_found;  // clang 14 lets no lambda capture the other
    if (!is_stream_format(format)) {
        throw DataError(text(name_of(channel), ": ", to_text(format), " cannot come through a pipe (", reason,
                             "). Use File or FastFile mode, or convert it with 'tundish pack'."));
    }
    const auto guess = guess_format(source->head());
    const bool wrapped = may_wrap_cifar(format) && guess_wrapped_format(source->head());
    if (channel.wrapper == RecordWrapper::recordio && format == DataFormat::tfrecord && guess &&
        guess->format == DataFormat::recordio) {
        throw DataError(text(source->what(), ": expected TFRecord (", reason,
                             "), found RecordIO. Set RecordWrapperType to None for this channel."));
    }
    reason += wrapped_reason(format, source->head());
    if (format == DataFormat::recordio && begins_with_bare_image(source->head())) reason += kBareImage;
    auto reader =
        with_doubt([&] { return read_stream(std::move(source), channel, format, options, known); }, options.format,
                   [&] {
                       return wrapped ? FormatGuess{format, ""} : guess;
                   });
    StreamForm form = reader->form();
    form.format = format;
    return {std::move(reader), std::move(reason), form};
}

BegunPipe begin_pipe(const ChannelSpec& channel, const DataOptions& options) {
    auto pipe = std::make_unique<PipeChannel>(channel);
    auto pass = open_pass(pipe->next_pass(), channel, options);
    log_format(channel, pass.form.in_pairs ? DataFormat::augmented_manifest : pass.form.format, pass.reason);
    return {std::move(pipe), std::move(pass.reader), pass.form};
}

void log_format(const ChannelSpec& channel, DataFormat format, const std::string& reason) {
    log_info(text(name_of(channel), channel.mode == InputMode::pipe ? ": Pipe mode, format " : ": format ",
                  to_text(format), " (", reason, ')'));
}

bool has_test_file(const OpenedChannel& opened) {
    try {
        if (opened.format == DataFormat::idx) return !find_idx_files(opened.files).test.empty();
        const bool cifar = opened.format == DataFormat::cifar10 || opened.format == DataFormat::cifar100;
        return cifar && !find_cifar_files(opened.files).test.empty();
    } catch (const NoRecords&) {
        return false;  // this host's part of a sharded channel holds files for neither
    }
}

}  // namespace tundish
