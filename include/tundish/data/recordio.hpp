#pragma once

#include "tundish/data/framing.hpp"
#include "tundish/data/record_frames.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace tundish {

/// How the parts of a split record become one again. dmlc's writer (im2rec) splits where the magic number stands in
/// the payload and leaves it out, so it has to be put back; others split anywhere.
enum class RecordIoParts { dmlc, concatenate };

/// RecordIO as dmlc-core and SageMaker write it: u32 magic, u32 (flag << 29 | length), data, padding to 4 bytes (not
/// looked at). Flags: 0 a whole record; 1, 2…, 3 the parts of a split one.
class RecordIo : public Framing {
  public:
    static constexpr std::uint32_t kMagic = kRecordIoMagic;

    explicit RecordIo(std::unique_ptr<ByteSource> source, RecordIoParts parts = RecordIoParts::dmlc,
                      std::size_t max_record_bytes = kMaxRecordBytes);

  protected:
    ByteSpan read_record() override;

  private:
    struct Part {
        unsigned flag;
        ByteSpan data;
    };

    Part read_part(std::size_t joined);
    ByteSpan read_split_record(ByteSpan first);
    void check_magic(std::uint32_t magic);

    RecordIoParts parts_;
    std::size_t max_record_bytes_;
    Bytes joined_;
};

}  // namespace tundish
