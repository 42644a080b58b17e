#include "tundish/data/tfrecord.hpp"

#include "tundish/base/crc32c.hpp"
#include "tundish/base/text.hpp"

#include <utility>

namespace tundish {
namespace {

constexpr std::size_t kLength = 8;
constexpr std::size_t kSum = 4;
constexpr std::size_t kHeader = kTfrecordHeaderBytes;
static_assert(kHeader == kLength + kSum);

}  // namespace

bool begins_as_tfrecord(ByteSpan bytes) {
    return bytes.size() >= kHeader &&
           masked_crc32c(bytes.first(kLength)) == load_le<std::uint32_t>(bytes.data() + kLength);
}

TfRecord::TfRecord(std::unique_ptr<ByteSource> source, std::size_t max_record_bytes)
    : Framing(std::move(source), "TFRecord"), max_record_bytes_(max_record_bytes) {}

ByteSpan TfRecord::read_record() {
    const std::size_t length = read_length();
    const ByteSpan all = need(kHeader + length + kSum, "header, data and checksum");
    const ByteSpan data = all.subspan(kHeader, length);
    consume(all.size());
    if (masked_crc32c(data) != load_le<std::uint32_t>(data.data() + length)) {
        throw RecordProblem(text("the checksum of the record's ", length,
                                 " bytes of data is wrong: they were changed after they were written"));
    }
    return data;
}

std::size_t TfRecord::read_length() {
    const ByteSpan header = need(kHeader, "header");
    if (!begins_as_tfrecord(header)) {
        refuse(text("expected a TFRecord header with its checksum, found ", what_stands_here()));
    }
    const auto length = load_le<std::uint64_t>(header.data());
    if (length > max_record_bytes_) {
        refuse(text("expected records of at most ", max_record_bytes_, " bytes, found one of ", length));
    }
    return static_cast<std::size_t>(length);
}

}  // namespace tundish
