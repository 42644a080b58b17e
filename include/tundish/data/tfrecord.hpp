#pragma once

#include "tundish/data/framing.hpp"

#include <cstdint>
#include <memory>

namespace tundish {

/// The bytes before a TFRecord's data: its length and the checksum of that.
inline constexpr std::size_t kTfrecordHeaderBytes = 12;

/// True for bytes that begin with such a header. Any thread.
bool begins_as_tfrecord(ByteSpan bytes);

/// TFRecord: u64 length, u32 masked CRC-32C of it, data, u32 masked CRC-32C of the data. Both sums are checked:
/// a wrong one of the data is a RecordProblem, as the length still tells where the next record begins; a wrong one of
/// the length ends the stream.
class TfRecord : public Framing {
  public:
    explicit TfRecord(std::unique_ptr<ByteSource> source, std::size_t max_record_bytes = kMaxRecordBytes);

  protected:
    ByteSpan read_record() override;

  private:
    std::size_t read_length();

    std::size_t max_record_bytes_;
};

}  // namespace tundish
