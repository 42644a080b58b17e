#pragma once

#include <cstdint>
#include <string>

#include "tundish/base/random.hpp"
#include "tundish/data/sample_set.hpp"

namespace tundish::testing {

/// `count` images whose class shows: a bright band at a height that depends on the class, over noise. Learnable in a
/// few steps.
inline SampleSet tiny_samples(std::int64_t count, std::int64_t classes = 4, ImageShape shape = {3, 32, 32},
                              std::uint64_t seed = 1) {
    SampleSet set;
    set.shape = shape;
    for (std::int64_t c = 0; c < classes; ++c) set.class_names.push_back("class" + std::to_string(c));
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t label = random_below(classes, {seed, static_cast<std::uint64_t>(i), 77});
        set.labels.push_back(label);
        const int band = shape.height / static_cast<int>(classes);
        for (int c = 0; c < shape.channels; ++c) {
            for (int y = 0; y < shape.height; ++y) {
                for (int x = 0; x < shape.width; ++x) {
                    const auto noise = random_bits({seed, static_cast<std::uint64_t>(i),
                                                    static_cast<std::uint64_t>((c * 64 + y) * 64 + x)}) &
                                       63U;
                    const bool bright = y / band == static_cast<int>(label);
                    set.pixels.push_back(static_cast<std::uint8_t>(noise + (bright ? 160U : 20U)));
                }
            }
        }
    }
    return set;
}

}  // namespace tundish::testing
