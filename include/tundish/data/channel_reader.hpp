#pragma once

#include "tundish/data/channel_files.hpp"
#include "tundish/data/cifar_reader.hpp"
#include "tundish/data/record_reader.hpp"

#include <memory>
#include <string>

namespace tundish {

/// A channel whose files are listed and whose format is decided.
struct OpenedChannel {
    ChannelFiles files;
    ChannelFiles lists;  ///< where the .lst file is looked for: the .lst channel, or `files` again
    DataFormat format = DataFormat::automatic;
    std::string reason;  ///< why that format, for the log
};

/// Lists the files and decides the format: `wanted` if it is not automatic, else a .lst channel (`lst`, may
/// be null), else the content type, else the files' names. Throws DataError when the channel is empty or its
/// format cannot be told.
OpenedChannel open_channel(const ChannelSpec& channel, const ChannelSpec* lst, DataFormat wanted);

/// The reader of an opened channel. `num_classes` 0: found out. `part` counts for CIFAR only. Throws
/// DataError.
std::unique_ptr<RecordReader> make_record_reader(const OpenedChannel& opened, CifarPart part, std::int64_t num_classes);

/// True for CIFAR channels that hold a test file.
bool has_test_file(const OpenedChannel& opened);

}  // namespace tundish
