#include "tundish/data/idx_reader.hpp"

#include "huge_pages.hpp"
#include "idx_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/sample_set.hpp"

#include <algorithm>

namespace tundish {
namespace {

constexpr std::int64_t kMnistClasses = 10;

void log_what_is_left_out(const ChannelFiles& files) {
    std::vector<std::string> others;
    for (const auto& file : files.files) {
        if (!has_idx_name(file)) others.push_back(file);
    }
    log_ignored(files.channel, "not IDX files", others);
}

}  // namespace

IdxReader::IdxReader(const ChannelFiles& files, DataPart part, std::int64_t classes)
    : files_(files), classes_(classes > 0 ? classes : kMnistClasses) {
    const IdxFiles found = find_idx_files(files);
    for (const auto& pair : pick_part(found.train, found.test, part)) {
        add(files, pair);
        check_labels(pair.labels, parts_.back().labels, classes);
    }
    if (total_ == 0) {
        throw NoRecords(text(name_of(files.channel), ": expected images to ",
                             part == DataPart::train ? "train on" : "read", ", found none in ", some_of(files.files),
                             '.'));
    }
    log_what_is_left_out(files);
}

IdxReader::~IdxReader() = default;

void IdxReader::add(const ChannelFiles& files, const IdxFiles::Pair& pair) {
    const IdxFile images(files, pair.images, 3);
    IdxFile labels(files, pair.labels, 1);
    if (images.count() != labels.count()) {
        throw DataError(text(name_of(files.channel), ": expected as many labels as images, found ", images.count(),
                             " images in ", pair.images, " and ", labels.count(), " labels in ", pair.labels,
                             ". Upload both files of one set."));
    }
    const ImageShape shape{1, static_cast<int>(images.height()), static_cast<int>(images.width())};
    if (!parts_.empty() && shape != shape_) {
        throw DataError(text(name_of(files.channel), ": expected images of one size, found ", to_text(shape_), " in ",
                             parts_.back().images, " and ", to_text(shape), " in ", pair.images,
                             ". Put them into channels of their own."));
    }
    shape_ = shape;
    parts_.push_back({pair.images, Bytes(static_cast<std::size_t>(labels.count()))});
    labels.read(parts_.back().labels.data(), labels.count());
    total_ += images.count();
}

// With `classes` 0 there are as many as the labels say.
void IdxReader::check_labels(const std::string& file, const Bytes& labels, std::int64_t classes) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (classes == 0) classes_ = std::max<std::int64_t>(classes_, labels[i] + 1);
        if (labels[i] < classes_) continue;
        throw DataError(text(name_of(files_.channel), ", ", file, ", record ", i, " (byte ", 8 + i, "): label ",
                             unsigned{labels[i]}, " is outside 0..", classes_ - 1,
                             ". Is the number of classes (num_classes) right?"));
    }
}

std::vector<std::int64_t> IdxReader::labels() const {
    std::vector<std::int64_t> labels;
    for (const auto& part : parts_) labels.insert(labels.end(), part.labels.begin(), part.labels.end());
    return labels;
}

bool IdxReader::open_part() {
    for (; part_ < parts_.size(); ++part_) {
        if (in_part_ < parts_[part_].labels.size()) {
            if (!open_) open_ = std::make_unique<IdxFile>(files_, parts_[part_].images, 3);
            return true;
        }
        open_.reset();
        in_part_ = 0;
    }
    return false;
}

std::optional<Record> IdxReader::next() {
    if (!open_part()) return std::nullopt;
    const auto& [images, labels] = parts_[part_];
    Record record{Bytes(shape_.pixels()), labels[in_part_], index_++, text(images, ", record ", in_part_), {}};
    open_->read(record.payload.data(), 1);
    ++in_part_;
    return record;
}

bool IdxReader::read_all_into(SampleSet& samples) {
    const auto left = static_cast<std::size_t>(total_ - index_);
    std::size_t at = samples.pixels.size();
    samples.labels.reserve(samples.labels.size() + left);
    samples.pixels.reserve(at + left * shape_.pixels());
    prefer_huge_pages(samples.pixels);
    samples.pixels.resize(at + left * shape_.pixels());
    while (open_part()) {
        const Bytes& labels = parts_[part_].labels;
        const std::size_t count = labels.size() - in_part_;
        open_->read(&samples.pixels[at], static_cast<std::int64_t>(count));
        samples.labels.insert(samples.labels.end(), labels.begin() + static_cast<std::ptrdiff_t>(in_part_),
                              labels.end());
        at += count * shape_.pixels();
        in_part_ = labels.size();
    }
    index_ = total_;
    return true;
}

}  // namespace tundish
