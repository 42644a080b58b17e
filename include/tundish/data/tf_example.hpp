#pragma once

#include "tundish/base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tundish {

/// One named feature of a tf.train.Example, as spans into the payload.
struct TfFeature {
    enum class Kind : std::uint8_t { empty, bytes, floats, integers };

    std::string_view name;
    Kind kind = Kind::empty;
    std::size_t count = 0;  ///< values in the list
    ByteSpan list;          ///< the list as it is on the wire, checked
};

/// The features of one tf.train.Example, found by reading protocol buffer's wire format: lists packed or not, map
/// entries in any order, unknown fields passed over; of entries with the same name the last one counts, as protocol
/// buffers have it. Nothing is copied: the payload must outlive what is read from it. One thread; the same object may
/// parse record after record without taking memory again.
class TfExample {
  public:
    /// Forgets the record before. Throws DataError with the cause only when the payload is damaged or something else.
    void parse(ByteSpan payload);

    [[nodiscard]] std::span<const TfFeature> features() const { return features_; }

    /// Null when there is none.
    [[nodiscard]] const TfFeature* find(std::string_view name) const;

    /// "image (bytes), label (integers)", for messages.
    [[nodiscard]] std::string describe() const;

  private:
    void parse_features(ByteSpan message, const std::uint8_t* origin);
    void add(const TfFeature& feature);

    std::vector<TfFeature> features_;
};

/// The only value of a bytes feature. Throws DataError when it is of another kind or holds another count.
ByteSpan bytes_of(const TfFeature& feature);

/// All values of an integer or float feature. Throws DataError for bytes.
std::vector<double> numbers_of(const TfFeature& feature);

}  // namespace tundish
