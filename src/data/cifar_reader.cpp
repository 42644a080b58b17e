#include "tundish/data/cifar_reader.hpp"

#include "huge_pages.hpp"
#include "sequential_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/parallel.hpp"
#include "tundish/base/processors.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/sample_set.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iterator>

namespace tundish {
namespace {

constexpr std::size_t kPixelBytes = 3 * 32 * 32;
constexpr std::size_t kPieceRecords = 320;  // about a megabyte: large for a disk, small enough for a CPU's cache

const char* title(DataFormat format) {
    return format == DataFormat::cifar100 ? "CIFAR-100" : "CIFAR-10";
}

}  // namespace

CifarReader::CifarReader(const ChannelFiles& files, DataFormat format, DataPart part, std::int64_t classes)
    : channel_(files.channel),
      format_(format),
      label_bytes_(format == DataFormat::cifar100 ? 2 : 1),
      record_bytes_(label_bytes_ + kPixelBytes),
      classes_(classes) {
    choose_files(files, part);
    class_names_ = cifar_class_names(files, folder_part(files_.front().name), format, classes);
    if (classes_ == 0) classes_ = class_names_.empty() ? cifar_classes(format) : std::ssize(class_names_);
    log_other_than_cifar(files);
}

CifarReader::~CifarReader() = default;

void CifarReader::choose_files(const ChannelFiles& files, DataPart part) {
    const auto names = choose_cifar_files(files, part);
    for (const auto& name : names) {
        std::error_code error;
        const auto size = std::filesystem::file_size(files.path_of(name), error);
        if (error)
            throw DataError(text(name_of(channel_), ", ", name,
                                 ": cannot read: ", reason_and_remedy(error.value(), files.path_of(name))));
        check_size(name, static_cast<std::int64_t>(size));
        files_.push_back({name, static_cast<std::int64_t>(size / record_bytes_)});
        total_ += files_.back().records;
    }
    if (total_ > 0) return;
    throw NoRecords(text(name_of(channel_), ": expected ", title(format_), " records to ",
                         part == DataPart::train ? "train on" : "read", ", found none: only ", some_of(names), '.'));
}

void CifarReader::check_size(const std::string& name, std::int64_t size) const {
    const auto record = static_cast<std::int64_t>(record_bytes_);
    const std::int64_t whole = size / record;
    const std::int64_t rest = size % record;
    if (rest == 0) return;
    const std::int64_t other = format_ == DataFormat::cifar100 ? 3073 : 3074;
    const bool fits_other = size % other == 0;
    throw DataError(text(
        name_of(channel_), ", ", name, ": expected a whole number of ", title(format_), " records of ", record,
        " bytes, found ", size, " bytes: ", rest, " bytes are left after ", whole, " records, so record ", whole,
        " (from byte ", whole * record, ") is cut off or bytes were added. ",
        fits_other ? text("The size fits records of ", other,
                          " bytes: set data_format=", format_ == DataFormat::cifar100 ? "cifar10" : "cifar100", '.')
                   : std::string("Upload the file again, or take it away if it is not CIFAR data.")));
}

std::string CifarReader::what(std::size_t file) const {
    return text(name_of(channel_), ", ", files_[file].name);
}

void CifarReader::became_shorter(std::size_t file, std::int64_t record) const {
    throw DataError(text(what(file), ": expected ", files_[file].records, " records, but the file ended before record ",
                         record, ": it became shorter while it was read. Run the job again."));
}

void CifarReader::check_label(std::size_t file, std::int64_t record, std::int64_t label) const {
    if (label < classes_) return;
    throw DataError(text(what(file), ", record ", record, " (byte ", record * static_cast<std::int64_t>(record_bytes_),
                         "): label ", label, " is outside 0..", classes_ - 1,
                         class_names_.empty() ? "" : ", the classes that have names", ". Expected ", title(format_),
                         " records of ", record_bytes_,
                         " bytes; is this another format (data_format) or another number of classes "
                         "(num_classes)?"));
}

bool CifarReader::fill() {
    while (file_ < files_.size()) {
        if (stop_requested()) throw Stopped(text("reading ", name_of(channel_)));
        const auto& [name, records] = files_[file_];
        if (read_in_file_ == records) {
            open_.reset();
            read_in_file_ = 0;
            ++file_;
            continue;
        }
        if (!open_) open_ = std::make_unique<SequentialFile>(channel_.path / name, what(file_));
        piece_.resize(kPieceRecords * record_bytes_);
        piece_records_ = static_cast<std::size_t>(std::min<std::int64_t>(kPieceRecords, records - read_in_file_));
        const std::size_t wanted = piece_records_ * record_bytes_;
        read_in_file_ += static_cast<std::int64_t>(piece_records_);
        if (open_->read(piece_.data(), wanted) != wanted) became_shorter(file_, read_in_file_);
        taken_ = 0;
        return true;
    }
    return false;
}

std::optional<Record> CifarReader::next() {
    if (taken_ == piece_records_ && !fill()) return std::nullopt;
    const std::uint8_t* bytes = &piece_[taken_ * record_bytes_];
    const std::int64_t label = bytes[label_bytes_ - 1];
    const std::int64_t in_file = read_in_file_ - static_cast<std::int64_t>(piece_records_ - taken_);
    check_label(file_, in_file, label);
    ++taken_;
    return Record{Bytes(bytes + label_bytes_, bytes + record_bytes_),
                  label,
                  index_++,
                  text(files_[file_].name, ", record ", in_file),
                  {}};
}

void CifarReader::read_file_into(std::size_t file, std::int64_t first, SampleSet& samples, std::size_t at) const {
    SequentialFile in(channel_.path / files_[file].name, what(file));
    in.skip(static_cast<std::uint64_t>(first) * record_bytes_);
    Bytes piece(kPieceRecords * record_bytes_);
    for (std::int64_t record = first; record < files_[file].records;) {
        if (stop_requested()) throw Stopped(text("reading ", name_of(channel_)));
        const auto count = std::min<std::int64_t>(kPieceRecords, files_[file].records - record);
        const std::size_t wanted = static_cast<std::size_t>(count) * record_bytes_;
        if (in.read(piece.data(), wanted) != wanted) became_shorter(file, record + count);
        for (std::size_t byte = 0; byte < wanted; byte += record_bytes_, ++record, ++at) {
            const std::int64_t label = piece[byte + label_bytes_ - 1];
            check_label(file, record, label);
            samples.labels[at] = label;
            std::memcpy(&samples.pixels[at * kPixelBytes], &piece[byte + label_bytes_], kPixelBytes);
        }
    }
}

bool CifarReader::read_all_into(SampleSet& samples) {
    struct Part {
        std::size_t file;
        std::int64_t first;
        std::size_t at;
    };
    std::vector<Part> parts;
    std::size_t end = samples.labels.size();
    std::int64_t first = read_in_file_ - static_cast<std::int64_t>(piece_records_ - taken_);
    for (; file_ < files_.size(); ++file_, first = 0) {
        parts.push_back({file_, first, end});
        end += static_cast<std::size_t>(files_[file_].records - first);
    }
    samples.labels.resize(end);
    samples.pixels.reserve(end * kPixelBytes);
    prefer_huge_pages(samples.pixels);
    samples.pixels.resize(end * kPixelBytes);
    // Reading is mostly the first touch of new memory, which every processor can do for itself; but FastFile's disk is
    // a network, which reads ahead when one file after the other is wanted.
    for_each_index(parts.size(), channel_.mode == InputMode::fast_file ? 1 : usable_processors(),
                   [&](std::size_t i) { read_file_into(parts[i].file, parts[i].first, samples, parts[i].at); });
    index_ = total_;
    taken_ = piece_records_ = 0;
    open_.reset();
    return true;
}

}  // namespace tundish
