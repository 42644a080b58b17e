#pragma once

#include "tundish/base/bytes.hpp"

#include <string>
#include <string_view>
#include <vector>

// A writer of npy files for the tests, kept apart from the reader's and the writer's code.
namespace tundish::testing {

/// A file of any header text, version 1 to 3.
inline std::string npy_with_header(std::string header, std::string_view data, int version = 1) {
    std::string out = "\x93NUMPY";
    out += static_cast<char>(version);
    out += '\0';
    header += '\n';
    if (version == 1) {
        append_le(out, static_cast<std::uint16_t>(header.size()));
    } else {
        append_le(out, static_cast<std::uint32_t>(header.size()));
    }
    out += header;
    out += data;
    return out;
}

/// As numpy.save writes it: npy("<f4", "(2, 3)", data).
inline std::string npy(std::string_view descr, std::string_view shape, std::string_view data, bool fortran = false,
                       int version = 1) {
    return npy_with_header("{'descr': '" + std::string(descr) + "', 'fortran_order': " + (fortran ? "True" : "False") +
                               ", 'shape': " + std::string(shape) + ", }",
                           data, version);
}

/// Numbers one after the other, each as `Number`.
template <typename Number>
std::string packed(const std::vector<float>& values, bool big_endian = false) {
    std::string out;
    for (const float value : values) {
        std::string bytes;
        append_le(bytes, static_cast<Number>(value));
        out += big_endian ? std::string(bytes.rbegin(), bytes.rend()) : bytes;
    }
    return out;
}

}  // namespace tundish::testing
