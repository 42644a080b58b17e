#include "axis.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "tundish/base/text.hpp"

namespace tundish {
namespace {

// The smallest of 1, 2, 5, 10, 20, … times a power of ten that is at least `least`.
double nice_step(double least) {
    const double power = std::pow(10.0, std::floor(std::log10(least)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= least * (1 - 1e-9)) return factor * power;
    }
    return 10.0 * power;
}

// Multiples of `step` from `low` to `high`, counted so that rounding errors do not add up.
std::vector<double> multiples(double step, double low, double high) {
    std::vector<double> out;
    const double first = std::ceil(low / step - 1e-6);
    const double count = std::floor(high / step + 1e-6) - first;
    for (double k = 0; k <= count; ++k) out.push_back((first + k) * step);
    return out;
}

}  // namespace

std::string Axis::label(double tick) const {
    const double largest = std::max(std::fabs(low), std::fabs(high));
    if (largest < 1e6 && digits <= 6) return fixed(std::fabs(tick) < 1e-12 ? 0.0 : tick, digits);
    std::ostringstream out;
    out.precision(4);
    out << tick;
    return out.str();
}

Axis value_axis(double low, double high) {
    constexpr double kWantedSteps = 6.0;
    if (low >= 0.0 && low < 0.4 * high) low = 0.0;
    if (high - low < 1e-6 * std::max(std::fabs(high), 1e-6)) {
        const double around = std::max(std::fabs(high) * 0.1, 0.05);
        low -= around;
        high += around;
    }
    const double step = nice_step((high - low) / kWantedSteps);
    Axis axis;
    axis.low = std::floor(low / step + 1e-6) * step;
    axis.high = std::ceil(high / step - 1e-6) * step;
    axis.ticks = multiples(step, axis.low, axis.high);
    axis.digits = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
    return axis;
}

Axis epoch_axis(double first, double last) {
    constexpr double kWantedSteps = 10.0;
    const double margin = std::max((last - first) * 0.02, first == last ? 1.0 : 0.1);
    const double step = std::max(1.0, nice_step(std::max(1.0, last - first) / kWantedSteps));
    return {first - margin, last + margin, multiples(step, first, last), 0};
}

}  // namespace tundish
