#pragma once

#include "tundish/data/feed.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace tundish {

/// Something that is sent as it is: a file's bytes, or a text.
struct FeedPart {
    std::filesystem::path file;  ///< empty: `text`
    std::string text;
};

/// What shuffling keeps together: one object, or the attributes of one manifest line.
using FeedUnit = std::vector<FeedPart>;

/// The files of a channel's path as the platform would stream them: all of them, `_SUCCESS` and readme files too. Only
/// hidden files, which belong to this machine rather than to the data, are left out with a log line. Throws DataError.
std::vector<FeedUnit> list_objects(const FeedChannel& channel);

/// The lines of a channel's augmented manifest. Blank lines are passed over. Throws DataError with the line number for
/// a line that is no JSON object, lacks an attribute, or names a file that is not there.
std::vector<FeedUnit> read_manifest(const FeedChannel& channel, const std::vector<std::string>& attributes);

}  // namespace tundish
