#pragma once

#include "tundish/data/image.hpp"
#include "tundish/data/pack.hpp"
#include "tundish/data/record.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace tundish {

/// Turns one record into the bytes of the format that is packed to. Any thread.
class RecordPacker {
  public:
    /// `raw_shape` as RecordReader has it; `classes` 0 when not known before reading. Throws DataError for more
    /// classes than the format has room for.
    RecordPacker(const PackOptions& options, const std::optional<ImageShape>& raw_shape, std::int64_t classes);

    /// Throws DataError with the cause only.
    [[nodiscard]] std::string pack(const Record& record) const;

    /// ".rec", ".tfrecord", ".bin".
    [[nodiscard]] const char* extension() const;

  private:
    [[nodiscard]] std::string to_recordio(const Record& record) const;
    [[nodiscard]] std::string to_tfrecord(const Record& record) const;
    [[nodiscard]] std::string to_cifar(const Record& record) const;

    PackFormat format_;
    bool keep_raw_;
    std::optional<ImageShape> raw_shape_;
    std::int64_t cifar_classes_;  ///< 10 or 100
};

}  // namespace tundish
