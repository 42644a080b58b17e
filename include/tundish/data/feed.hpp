#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tundish {

/// One channel that is fed.
struct FeedChannel {
    std::string name;
    std::filesystem::path path;      ///< a file, or a folder whose files are sent in bytewise order of their names
    std::filesystem::path manifest;  ///< an augmented manifest (JSON lines); `path` then stands for the S3 bucket
};

/// How `tundish feed` plays SageMaker's side of Pipe mode.
struct FeedOptions {
    std::filesystem::path data_folder;  ///< where the FIFOs are made: <data_folder>/<channel>_<k>
    std::vector<FeedChannel> channels;
    std::vector<std::string> attributes;        ///< AttributeNames of the manifests, in the order they are sent
    bool wrap_recordio = false;                 ///< each object (or attribute) becomes one RecordIO record
    std::int64_t passes = 0;                    ///< 0: until the reader goes away
    std::uint64_t bytes_per_second = 0;         ///< for each channel; 0: as fast as it is read
    std::optional<std::uint64_t> shuffle_seed;  ///< reshuffles objects or manifest lines before each pass
    std::chrono::milliseconds patience{2000};   ///< how long after the last reader's end another one is waited for
};

/// Throws ConfigError for fields that contradict each other, names that are no channel names, files that are not there.
void validate(const FeedOptions& options);

/// Streams the channels through FIFOs, one thread for each, until all passes are read, the reader has gone away, or a
/// stop is requested. FIFO `_k + 1` is made before `_k` ends, and each is removed after its pass. Objects follow each
/// other without anything between; in RecordIO wrapping each is one part, never split. The reader has gone when the
/// processes that had a FIFO open have ended and no other came for `patience`; where they cannot be seen (another
/// user's), when a pass was closed early and nobody came for the next. Ignores SIGPIPE from then on.
///
/// Manifest lines: the attributes in the given order; one whose name ends in "-ref" is replaced by the bytes of the
/// file it names: "s3://BUCKET/KEY" is <path>/KEY, anything else lies relative to <path>. Strings are sent without
/// quotes, other values as JSON.
///
/// Throws ConfigError, DataError (a file or manifest line that cannot be read), MachineError, Stopped.
void feed(const FeedOptions& options);

}  // namespace tundish
