#pragma once

#include "tundish/data/channel_files.hpp"
#include "tundish/data/data_options.hpp"
#include "tundish/data/stream_reader.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tundish {

/// CIFAR files of which one at least is compressed, so that their sizes tell nothing: records and names as CifarReader
/// gives them, read as a stream.
class CompressedCifar : public RecordReader {
  public:
    /// `names` are files of the channel, as choose_cifar_files() gives them. Throws DataError.
    CompressedCifar(const ChannelFiles& files, const std::vector<std::string>& names, DataFormat format,
                    const DataOptions& options);

    std::optional<Record> next() override { return stream_.next(); }
    [[nodiscard]] std::optional<ImageShape> raw_shape() const override { return stream_.raw_shape(); }
    [[nodiscard]] std::vector<std::string> class_names() const override { return class_names_; }
    [[nodiscard]] std::int64_t class_count() const override { return stream_.class_count(); }

  private:
    std::vector<std::string> class_names_;
    StreamReader stream_;
};

}  // namespace tundish
