#pragma once

#include <string>
#include <vector>

namespace tundish {

/// One axis of a plot: the range it shows and the places that carry a number.
struct Axis {
    double low = 0.0;
    double high = 1.0;
    std::vector<double> ticks;
    int digits = 0;  ///< after the point, as many as tell the ticks apart

    /// 0 at the axis's start, 1 at its end.
    [[nodiscard]] double share(double value) const { return (value - low) / (high - low); }
    [[nodiscard]] std::string label(double tick) const;
};

/// An axis for values from `low` to `high`: ends and ticks are multiples of 1, 2 or 5 times a power of ten. Starts at 0
/// when the values come near it.
Axis value_axis(double low, double high);

/// An axis for whole numbers: a little longer than from `first` to `last`, at most about ten ticks.
Axis epoch_axis(double first, double last);

}  // namespace tundish
