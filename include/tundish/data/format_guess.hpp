#pragma once

#include "tundish/base/bytes.hpp"
#include "tundish/data/record_reader.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace tundish {

/// A format that first bytes speak for, and how, for the log.
struct FormatGuess {
    DataFormat format = DataFormat::automatic;
    std::string reason;  ///< "begins with RecordIO's magic number"
};

/// How many first bytes are enough for guess_format(): three CIFAR records.
inline constexpr std::size_t kGuessBytes = 3 * std::size_t{3074};

/// Which record format bytes from the beginning of a file or stream are, inflated if they were compressed. RecordIO has
/// a magic number, TFRecord a checksum of its first length, and IDX three known bytes; CIFAR's labels, 3,073 (100
/// classes: 3,074) bytes apart, are small. Nothing when none of them fits. Any thread.
std::optional<FormatGuess> guess_format(ByteSpan head);

/// The same for the objects in RecordIO records: CIFAR's records, one or a file of them in each. Nothing when `head` is
/// not RecordIO, or when its first record is an image or an MXNet image record.
std::optional<FormatGuess> guess_wrapped_format(ByteSpan head);

/// True for RecordIO whose first record is an image as it is, without MXNet's header: an augmented manifest's.
bool begins_with_bare_image(ByteSpan head);

}  // namespace tundish
