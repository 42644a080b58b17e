#pragma once

#include "tundish/data/record_reader.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tundish {

/// A reader that gives another one's records in its own way: what it does not say itself, that one says.
class WrappedReader : public RecordReader {
  public:
    void load(Record& record) const override { reader_->load(record); }
    void cancel() noexcept override { reader_->cancel(); }
    [[nodiscard]] std::optional<ImageShape> raw_shape() const override { return reader_->raw_shape(); }
    [[nodiscard]] std::vector<std::string> class_names() const override { return reader_->class_names(); }
    [[nodiscard]] std::int64_t class_count() const override { return reader_->class_count(); }
    [[nodiscard]] std::vector<std::int64_t> labels() const override { return reader_->labels(); }
    [[nodiscard]] std::int64_t size_hint() const override { return reader_->size_hint(); }

  protected:
    explicit WrappedReader(std::unique_ptr<RecordReader> reader) : reader_(std::move(reader)) {}
    [[nodiscard]] RecordReader& reader() { return *reader_; }
    [[nodiscard]] const RecordReader& reader() const { return *reader_; }

  private:
    std::unique_ptr<RecordReader> reader_;
};

}  // namespace tundish
