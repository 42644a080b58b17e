#pragma once

#include "support/temp_folder.hpp"
#include "tundish/data/channel.hpp"

#include <filesystem>

namespace tundish::testing {

/// A channel 'train' whose files lie in the folder `path`, or whose FIFOs are `path`_0, `path`_1, …
inline ChannelSpec channel_at(const std::filesystem::path& path, InputMode mode = InputMode::file) {
    ChannelSpec channel;
    channel.name = "train";
    channel.path = path;
    channel.mode = mode;
    return channel;
}

inline ChannelSpec channel_at(const TempFolder& folder) {
    return channel_at(folder.path());
}

}  // namespace tundish::testing
