#pragma once

#include "tundish/data/byte_source.hpp"
#include "tundish/data/recordio.hpp"

#include <memory>
#include <string>

namespace tundish {

/// What the records of a RecordIO stream hold, each a part: the objects that SageMaker wraps so (RecordWrapperType
/// RecordIO). Throws as RecordIo does. One thread, but for cancel().
class UnwrappedSource : public ByteSource {
  public:
    explicit UnwrappedSource(std::unique_ptr<ByteSource> source) : records_(std::move(source)) {}

    std::size_t read(std::uint8_t* to, std::size_t size) override;
    void cancel() noexcept override { records_.cancel(); }
    bool next_part() override;
    [[nodiscard]] std::string what() const override { return records_.what() + ", within it"; }
    [[nodiscard]] std::string place() const override { return records_.origin() + ", within it"; }
    [[nodiscard]] std::string advice(Damage damage) const override { return records_.advice(damage); }

  private:
    RecordIo records_;
    bool begun_ = false;
    ByteSpan left_;  ///< of the record, to be given
};

}  // namespace tundish
