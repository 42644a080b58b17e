#pragma once

#include "tundish/data/channel_files.hpp"
#include "tundish/data/record_reader.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tundish {

/// One image file of a channel and its class.
struct ImageFile {
    std::string file;  ///< relative to the channel's folder
    std::int64_t label = 0;
    std::int64_t line = 0;  ///< of the list that named it, from 1; 0 when a folder did
};

/// Image files in order, with the classes they belong to.
struct ImageFileList {
    std::vector<ImageFile> images;
    std::vector<std::string> class_names;  ///< empty when there are only numbers
    std::int64_t classes = 0;
    std::string list_name;  ///< of the .lst file; empty for folders
};

/// One folder for each class, classes in bytewise order of their names, files in bytewise order within.
/// Images may lie in folders below a class's. Other files are left out with a log line. Throws DataError for
/// images outside of class folders, a class without images (named), or a class count other than `num_classes`
/// (0: any).
ImageFileList list_image_folders(const ChannelFiles& files, std::int64_t num_classes);

/// The images that a .lst file of `lists` (the .lst channel, or the image channel itself) names, in its
/// order. Throws DataError when there is no list or several, or as parse_lst() does.
ImageFileList read_lst(const ChannelFiles& files, const ChannelFiles& lists, std::int64_t num_classes);

/// Parses lines of `index label path`, separated by tabs or by white space (the path may then contain
/// spaces). Blank lines are skipped. Labels are whole numbers ("3" or "3.000000"), below `num_classes` unless
/// that is 0. `what` begins messages. Throws DataError with the line number.
std::vector<ImageFile> parse_lst(std::string_view content, const std::string& what, std::int64_t num_classes);

/// Reads listed image files, encoded as they are.
class ImageFilesReader : public RecordReader {
  public:
    ImageFilesReader(ChannelSpec channel, ImageFileList list);

    std::optional<Record> next() override;
    std::optional<Record> next_unloaded() override;
    void load(Record& record) const override;
    [[nodiscard]] std::vector<std::string> class_names() const override { return list_.class_names; }
    [[nodiscard]] std::int64_t class_count() const override { return list_.classes; }
    [[nodiscard]] std::vector<std::int64_t> labels() const override;
    [[nodiscard]] std::int64_t size_hint() const override { return static_cast<std::int64_t>(list_.images.size()); }

  private:
    ChannelSpec channel_;
    ImageFileList list_;
    std::size_t next_ = 0;
};

}  // namespace tundish
