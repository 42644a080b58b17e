#include "tundish/data/image_files_reader.hpp"

#include "sequential_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"

#include <utility>

namespace tundish {

ImageFilesReader::ImageFilesReader(ChannelSpec channel, ImageFileList list)
    : channel_(std::move(channel)), list_(std::move(list)) {}

std::optional<Record> ImageFilesReader::next() {
    auto record = next_unloaded();
    if (record) load(*record);
    return record;
}

std::optional<Record> ImageFilesReader::next_unloaded() {
    if (stop_requested()) throw Stopped(text("reading ", name_of(channel_)));
    if (next_ == list_.images.size()) return std::nullopt;
    const ImageFile& image = list_.images[next_];
    std::string origin = image.file + ", record " + std::to_string(next_);
    if (image.line > 0) origin += " (" + list_.list_name + ", line " + std::to_string(image.line) + ')';
    return Record{{}, image.label, static_cast<std::int64_t>(next_++), std::move(origin), {}};
}

std::vector<std::int64_t> ImageFilesReader::labels() const {
    std::vector<std::int64_t> labels;
    labels.reserve(list_.images.size());
    for (const auto& image : list_.images) labels.push_back(image.label);
    return labels;
}

void ImageFilesReader::load(Record& record) const {
    const ImageFile& image = list_.images[static_cast<std::size_t>(record.index)];
    record.payload = read_whole(channel_.path / image.file, text(name_of(channel_), ", ", record.origin));
}

}  // namespace tundish
