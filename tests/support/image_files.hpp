#pragma once

#include "support/temp_folder.hpp"

#include <opencv2/imgcodecs.hpp>

#include <cstdint>
#include <string>
#include <vector>

// Link tundish_opencv to use this.
namespace tundish::testing {

/// Encodes an OpenCV matrix (blue first) by extension: ".png", ".jpg", ".bmp", ".webp".
inline std::string encoded(const cv::Mat& mat, const std::string& extension, const std::vector<int>& parameters = {}) {
    std::vector<unsigned char> bytes;
    cv::imencode(extension, mat, bytes, parameters);
    return {bytes.begin(), bytes.end()};
}

/// An image of one colour.
inline std::string plain_image(const std::string& extension, int height, int width, int red, int green, int blue) {
    return encoded(cv::Mat(height, width, CV_8UC3, cv::Scalar(blue, green, red)), extension);
}

/// An image with detail everywhere, so that its file is long compared to its header.
inline std::string noisy_image(const std::string& extension, int height, int width, unsigned seed = 1) {
    cv::Mat mat(height, width, CV_8UC3);
    unsigned state = seed;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width * 3; ++x) {
            state = state * 1664525U + 1013904223U;
            mat.ptr(y)[x] = static_cast<unsigned char>(state >> 24U);
        }
    }
    return encoded(mat, extension);
}

/// `<class>/<n>.<extension>`, `per_class` images of a class in one colour of their own: red = 20 * class,
/// green = n.
inline void write_image_folder(const TempFolder& folder, const std::string& below,
                               const std::vector<std::string>& classes, int per_class,
                               const std::string& extension = ".png", int side = 32) {
    const std::string base = below.empty() ? "" : below + "/";
    for (std::size_t c = 0; c < classes.size(); ++c) {
        for (int n = 0; n < per_class; ++n) {
            const std::string name = (n < 10 ? "000" : n < 100 ? "00" : "0") + std::to_string(n) + extension;
            folder.write(base + classes[c] + "/" + name,
                         plain_image(extension, side, side, 20 * static_cast<int>(c), n, 100));
        }
    }
}

}  // namespace tundish::testing
