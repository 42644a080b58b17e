#pragma once

#include "tundish/data/record_share.hpp"
#include "tundish/data/wrapped_reader.hpp"

#include <cstdint>
#include <memory>

namespace tundish {

/// Another reader's records, those of a share only. Payloads of the others are not loaded where the reader can leave
/// them. One thread, but for load() and cancel().
class SharedReader : public WrappedReader {
  public:
    SharedReader(std::unique_ptr<RecordReader> reader, const RecordShare& share)
        : WrappedReader(std::move(reader)), share_(share) {}

    std::optional<Record> next() override;
    std::optional<Record> next_unloaded() override;
    [[nodiscard]] std::int64_t size_hint() const override { return share_.part_of(WrappedReader::size_hint()); }

  private:
    bool pass_over_others();

    RecordShare share_;
    std::int64_t position_ = 0;
};

}  // namespace tundish
