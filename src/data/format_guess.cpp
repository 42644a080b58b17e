#include "tundish/data/format_guess.hpp"

#include "tundish/data/fixed_records.hpp"
#include "tundish/data/image_header.hpp"
#include "tundish/data/mxnet_record.hpp"
#include "tundish/data/recordio.hpp"
#include "tundish/data/tfrecord.hpp"

#include <algorithm>

namespace tundish {
namespace {

constexpr std::size_t kRecordIoHeader = 8;

bool is_recordio(ByteSpan head) {
    return head.size() >= kRecordIoHeader && load_le<std::uint32_t>(head.data()) == RecordIo::kMagic;
}

bool is_idx(ByteSpan head) {
    return head.size() >= 8 && head[0] == 0 && head[1] == 0 && head[2] == 8 && (head[3] == 1 || head[3] == 3);
}

// A label at the beginning of each record that is there, at least one of which is whole.
bool has_labels(ByteSpan head, const FixedLayout& layout) {
    if (head.size() < layout.record_bytes) return false;
    for (std::size_t at = 0; at < head.size(); at += layout.record_bytes) {
        if (head[at] >= layout.first_byte_below) return false;
    }
    return true;
}

// An encoded image, with MXNet's header or without.
bool is_image_record(ByteSpan payload) {
    if (image_format(payload)) return true;
    const auto image = behind_mxnet_header(payload);
    return image && image_format(*image);
}

}  // namespace

bool begins_with_bare_image(ByteSpan head) {
    return is_recordio(head) && image_format(head.subspan(kRecordIoHeader));
}

std::optional<FormatGuess> guess_wrapped_format(ByteSpan head) {
    if (!is_recordio(head)) return std::nullopt;
    const auto word = load_le<std::uint32_t>(head.data() + 4);
    const std::size_t length = word & ((1U << 29U) - 1);
    const auto object = head.subspan(kRecordIoHeader, std::min(length, head.size() - kRecordIoHeader));
    if (word >> 29U != 0 || is_image_record(object)) return std::nullopt;
    if (length % kCifar10Layout.record_bytes == 0 && has_labels(object, kCifar10Layout))
        return FormatGuess{DataFormat::cifar10, "with CIFAR-10 records in it"};
    if (length % kCifar100Layout.record_bytes == 0 && has_labels(object, kCifar100Layout))
        return FormatGuess{DataFormat::cifar100, "with CIFAR-100 records in it"};
    return std::nullopt;
}

std::optional<FormatGuess> guess_format(ByteSpan head) {
    if (is_recordio(head)) return FormatGuess{DataFormat::recordio, "begins with RecordIO's magic number"};
    if (begins_as_tfrecord(head))
        return FormatGuess{DataFormat::tfrecord, "begins with a TFRecord length and its checksum"};
    if (is_idx(head)) return FormatGuess{DataFormat::idx, "begins as IDX files do"};
    if (has_labels(head, kCifar10Layout)) {
        return FormatGuess{DataFormat::cifar10, "has a label below 10 in every 3,073rd byte"};
    }
    if (has_labels(head, kCifar100Layout)) {
        return FormatGuess{DataFormat::cifar100, "has a label below 20 in every 3,074th byte"};
    }
    return std::nullopt;
}

}  // namespace tundish
