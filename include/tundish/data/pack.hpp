#pragma once

#include "tundish/data/data_part.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace tundish {

/// `recordio` means MXNet image records.
enum class PackFormat { recordio, tfrecord, cifar };

/// The name users write, and back; "mxnet" is another one of recordio. Throws ConfigError listing all names.
std::string to_text(PackFormat format);
PackFormat pack_format_from_text(const std::string& name);

/// What `tundish pack` converts, and how.
struct PackOptions {
    PackFormat format = PackFormat::recordio;
    std::filesystem::path in;       ///< a folder, as a File-mode channel would have it
    std::filesystem::path out;      ///< a new or empty folder
    std::uint64_t shard_bytes = 0;  ///< largest size of a file; 0: one file takes all
    bool raw = false;               ///< recordio: raw pixels stay raw (planar) instead of becoming PNG
    std::optional<DataPart>
        part;         ///< CIFAR and IDX input: which files; absent: the training files, or the test file alone
    int threads = 0;  ///< 0: as many as the process may use
};

/// Throws ConfigError when fields contradict each other or nothing is at `in`.
void validate(const PackOptions& options);

/// Where class names are written when the input has any, one a line in label order: class_names.<name of out>.txt
/// beside `out`, not in it, because every file under a channel's prefix becomes a part of its Pipe stream.
std::filesystem::path class_names_file(const PackOptions& options);

/// Reads all images of `in` and writes them to `out` in the same order: to recordio as MXNet image records, to
/// tfrecord as tf.train.Example (encoded images as image/encoded and image/class/label; raw pixels planar, as image and
/// label), to cifar resized to 32x32 (CIFAR-10's records up to 10 classes, CIFAR-100's up to 100; a warning says what
/// training has to be told of another number). Encoded images are passed on as they are, raw pixels become PNG for
/// recordio. Says how far it is, at most once a second. A record that is damaged ends it. Either all files are there at
/// the end or none. Throws ConfigError, DataError (file, record), MachineError, Stopped.
void pack(const PackOptions& options);

}  // namespace tundish
