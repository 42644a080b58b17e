#pragma once

#include <cstdint>

namespace tundish {

/// Every `of`-th record, counted from `place`: what one of several readers of the same channel keeps. By records, so
/// that the shares are disjoint, complete and equal but for one, whatever files the records lie in.
struct RecordShare {
    std::int64_t place = 0;
    std::int64_t of = 1;

    /// How many of `records` records that are.
    [[nodiscard]] std::int64_t part_of(std::int64_t records) const { return (records - place + of - 1) / of; }
};

}  // namespace tundish
