#pragma once

#include "tundish/data/framing.hpp"

#include <memory>
#include <string_view>

namespace tundish {

/// Records of one length without any framing, such as CIFAR's.
struct FixedLayout {
    std::string_view title;           ///< for messages
    std::size_t record_bytes = 0;     ///< at least 1
    unsigned first_byte_below = 256;  ///< what a record's first byte (CIFAR: a label) may be: the only sign that
                                      ///< stray bytes have shifted the stream
};

inline constexpr FixedLayout kCifar10Layout{"CIFAR-10", 3073, 10};
inline constexpr FixedLayout kCifar100Layout{"CIFAR-100", 3074, 20};  ///< the coarse label comes first

class FixedRecords : public Framing {
  public:
    FixedRecords(std::unique_ptr<ByteSource> source, const FixedLayout& layout);

  protected:
    ByteSpan read_record() override;

  private:
    FixedLayout layout_;
};

}  // namespace tundish
