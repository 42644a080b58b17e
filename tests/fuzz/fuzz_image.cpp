// Any bytes as an image: decoded to the size of its header, or refused with DataError.

#include "tundish/base/error.hpp"
#include "tundish/data/image_codec.hpp"
#include "tundish/data/image_header.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr std::int64_t kPixels = 1 << 16;  // larger ones only cost time here

void check(const tundish::ImageHeader& header, const tundish::Image& image, int channels) {
    const auto& shape = image.shape;
    if (shape.channels != channels || image.pixels.size() != shape.pixels()) std::abort();
    if (std::int64_t{shape.height} * shape.width != header.height * header.width) std::abort();
}

std::vector<std::string> sound_images() {
    std::vector<std::string> images;
    for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4}) {
        cv::Mat pixels(5, 7, type);
        cv::randu(pixels, 0, 256);
        for (const char* extension : {".jpg", ".png", ".bmp", ".webp"}) {
            std::vector<std::uint8_t> bytes;
            if (cv::imencode(extension, pixels, bytes)) images.emplace_back(bytes.begin(), bytes.end());
        }
    }
    return images;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const tundish::ByteSpan bytes(data, size);
    if (tundish::describe_bytes(bytes).empty()) std::abort();
    try {
        const auto header = tundish::read_image_header(bytes);
        if (header.orientation < 1 || header.orientation > 8) std::abort();
        if (header.width * header.height > kPixels) return 0;
        for (const int channels : {1, 3}) check(header, tundish::decode_image(bytes, channels), channels);
    } catch (const tundish::DataError&) {
    }
    return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

// Every so often starts again from a sound image of each kind, so that no corpus has to be kept.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    static const std::vector<std::string> starts = sound_images();
    if (size < 16 || seed % 16 == 0) {
        const std::string& start = starts[seed / 16 % starts.size()];
        size = std::min(start.size(), max_size);
        std::memcpy(data, start.data(), size);
    }
    return LLVMFuzzerMutate(data, size, max_size);
}
