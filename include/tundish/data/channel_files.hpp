#pragma once

#include "tundish/base/error.hpp"
#include "tundish/data/channel.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tundish {

/// A channel without a record: of one that is sharded by S3 key it means that none is this host's part; of a later pass
/// of a FIFO that there are no more data.
class NoRecords : public DataError {
  public:
    using DataError::DataError;
};

/// The files of a File-mode channel, found once. Paths are relative to the channel's folder, with '/', sorted
/// bytewise.
struct ChannelFiles {
    ChannelSpec channel;
    std::vector<std::string> files;
    std::vector<std::string> folders;  ///< also the empty ones

    [[nodiscard]] std::filesystem::path path_of(const std::string& file) const { return channel.path / file; }
};

/// Lists a channel's folder and all below it, following links. Hidden files and folders, `_SUCCESS`,
/// `*-manifest` and
/// `__MACOSX` are left out with one log line. Throws NoRecords when the folder is missing, DataError when it
/// is a file or may not be read, or when the channel is in Pipe mode. An empty folder is not an error here.
ChannelFiles list_channel(const ChannelSpec& channel);

/// Bytes of all files together, as they lie; a file that cannot be asked counts as empty.
std::uint64_t size_of_files(const ChannelFiles& files);

/// "channel 'train'", the beginning of every message about one; of a folder that is no job's channel (without a name)
/// its path.
std::string name_of(const ChannelSpec& channel);

/// "Check the channel's S3 prefix.", or what to do about a folder that is no job's channel.
std::string check_prefix(const ChannelSpec& channel);

/// A sentence, after a blank, when there is the FIFO of a Pipe-mode channel in place of the folder's files; else empty.
std::string pipe_hint(const ChannelSpec& channel);

/// "ignored 3 files that are not images: a.txt, b.gif, …" in the log; nothing for an empty list.
void log_ignored(const ChannelSpec& channel, std::string_view what, const std::vector<std::string>& files);

/// "a.txt, b.txt, c.txt and 17 more".
std::string some_of(const std::vector<std::string>& items, std::size_t limit = 5);

/// The part of a relative path before the last '/'; empty at the top. And the part after it.
std::string_view folder_part(std::string_view file);
std::string_view name_part(std::string_view file);

/// True for names that end in an extension of an image format that is decoded, in any case.
bool has_image_name(std::string_view file);

}  // namespace tundish
