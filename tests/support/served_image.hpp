#pragma once

#include "support/cifar_files.hpp"
#include "support/framed_bytes.hpp"
#include "support/image_files.hpp"
#include "support/npy_bytes.hpp"

#include <map>
#include <string>
#include <vector>

// One 32 x 32 image in every way that a client may send it.
namespace tundish::testing {

constexpr int kSide = 32;

/// The value of a pixel of the image, by record number.
inline std::uint8_t served_pixel(std::int64_t record, int channel, int y, int x) {
    return cifar_pixel(record, (channel * kSide + y) * kSide + x);
}

inline std::string as_png(std::int64_t record, const std::string& extension = ".png") {
    cv::Mat mat(kSide, kSide, CV_8UC3);
    for (int y = 0; y < kSide; ++y) {
        for (int x = 0; x < kSide; ++x) {
            for (int c = 0; c < 3; ++c) mat.ptr(y)[3 * x + 2 - c] = served_pixel(record, c, y, x);
        }
    }
    return encoded(mat, extension);
}

/// In the order of the axes' names: "CHW", "HWC", "WHC" (a Fortran-ordered CHW … is the reverse order in memory).
inline std::vector<float> in_order(std::int64_t record, const std::string& axes) {
    std::vector<float> out;
    const auto length = [](char axis) { return axis == 'C' ? 3 : kSide; };
    std::map<char, int> at;
    int &first = at[axes[0]], &second = at[axes[1]], &third = at[axes[2]];
    for (first = 0; first < length(axes[0]); ++first) {
        for (second = 0; second < length(axes[1]); ++second) {
            for (third = 0; third < length(axes[2]); ++third) {
                out.push_back(served_pixel(record, at['C'], at['H'], at['W']));
            }
        }
    }
    return out;
}

/// "[[[0,1,…],…],…]".
inline std::string as_json(std::int64_t record, const std::string& axes) {
    const auto values = in_order(record, axes);
    const auto length = [&](std::size_t axis) { return axes[axis] == 'C' ? 3U : static_cast<unsigned>(kSide); };
    std::string out = "[";
    std::size_t place = 0;
    for (unsigned a = 0; a < length(0); ++a) {
        out += a == 0 ? "[" : ",[";
        for (unsigned b = 0; b < length(1); ++b) {
            out += b == 0 ? "[" : ",[";
            for (unsigned c = 0; c < length(2); ++c) {
                out += (c == 0 ? "" : ",") + std::to_string(static_cast<int>(values[place++]));
            }
            out += ']';
        }
        out += ']';
    }
    return out + "]";
}

inline std::string as_csv(std::int64_t record) {
    std::string out;
    for (const float value : in_order(record, "CHW")) out += std::to_string(static_cast<int>(value)) + ",";
    out.pop_back();
    return out;
}

inline std::string in_base64(std::string_view bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        unsigned bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            bits = bits << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (unsigned k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * k) & 63U];
    }
    return out;
}

}  // namespace tundish::testing
