#pragma once

#include "tundish/data/record_reader.hpp"

#include <cstdint>
#include <memory>

namespace tundish {

/// Every `of`-th record, counted from `place`: what one of several readers of the same channel keeps. By records, so
/// that the shares are disjoint, complete and equal but for one, whatever files the records lie in.
struct RecordShare {
    std::int64_t place = 0;
    std::int64_t of = 1;

    /// How many of `records` records that are.
    [[nodiscard]] std::int64_t part_of(std::int64_t records) const { return (records - place + of - 1) / of; }
};

/// Another reader's records, those of a share only. Payloads of the others are not loaded where the reader can leave
/// them. One thread, but for load().
class SharedReader : public RecordReader {
  public:
    SharedReader(std::unique_ptr<RecordReader> reader, const RecordShare& share)
        : reader_(std::move(reader)), share_(share) {}

    std::optional<Record> next() override;
    std::optional<Record> next_unloaded() override;
    void load(Record& record) const override { reader_->load(record); }
    [[nodiscard]] std::optional<ImageShape> raw_shape() const override { return reader_->raw_shape(); }
    [[nodiscard]] std::vector<std::string> class_names() const override { return reader_->class_names(); }
    [[nodiscard]] std::int64_t class_count() const override { return reader_->class_count(); }
    [[nodiscard]] std::int64_t size_hint() const override { return share_.part_of(reader_->size_hint()); }

  private:
    bool pass_over_others();

    std::unique_ptr<RecordReader> reader_;
    RecordShare share_;
    std::int64_t position_ = 0;
};

}  // namespace tundish
