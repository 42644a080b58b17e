#pragma once

#include "support/temp_folder.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tundish::testing {

inline std::string idx_header(std::uint32_t magic, const std::vector<std::uint32_t>& sizes) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(magic >> shift);
    for (const auto size : sizes) {
        for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
    }
    return out;
}

inline std::uint8_t idx_pixel(std::uint32_t image, std::uint32_t position) {
    return static_cast<std::uint8_t>(image * 37 + position * 11 + position / 28);
}

/// `count` images, the first of which has number `first`.
inline std::string idx_images(std::uint32_t first, std::uint32_t count, std::uint32_t height = 28,
                              std::uint32_t width = 28) {
    std::string out = idx_header(0x803, {count, height, width});
    for (std::uint32_t i = first; i < first + count; ++i) {
        for (std::uint32_t at = 0; at < height * width; ++at) out += static_cast<char>(idx_pixel(i, at));
    }
    return out;
}

/// Labels first % classes, …
inline std::string idx_labels(std::uint32_t first, std::uint32_t count, std::uint32_t classes = 10) {
    std::string out = idx_header(0x801, {count});
    for (std::uint32_t i = first; i < first + count; ++i) out += static_cast<char>(i % classes);
    return out;
}

/// MNIST's four files, with images counted from 0 in the training set and from 1,000 in the test set.
inline void write_mnist(const TempFolder& folder, std::uint32_t train, std::uint32_t test) {
    folder.write("train-images-idx3-ubyte", idx_images(0, train));
    folder.write("train-labels-idx1-ubyte", idx_labels(0, train));
    folder.write("t10k-images-idx3-ubyte", idx_images(1000, test));
    folder.write("t10k-labels-idx1-ubyte", idx_labels(1000, test));
}

}  // namespace tundish::testing
