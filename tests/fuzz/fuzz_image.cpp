// Any bytes as an image: decoded to the size of its header, or refused with DataError.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tundish/base/error.hpp"
#include "tundish/data/image_codec.hpp"
#include "tundish/data/image_header.hpp"

namespace {

constexpr std::int64_t kPixels = 1 << 16;  // larger ones only cost time here

void check(const tundish::ImageHeader& header, const tundish::Image& image, int channels) {
    const auto& shape = image.shape;
    if (shape.channels != channels || image.pixels.size() != shape.pixels()) std::abort();
    if (std::int64_t{shape.height} * shape.width != header.height * header.width) std::abort();
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

// Small images of each kind to start from, so that no corpus has to be kept.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
    if (size < 16) {
        const tundish::Image image{{3, 5, 7}, tundish::Bytes(105, static_cast<std::uint8_t>(seed))};
        const std::string png = tundish::encode_png(image);
        const std::string start = seed % 3 == 0   ? png
                                  : seed % 3 == 1 ? std::string("\xFF\xD8\xFF\xC0\x00\x0B\x08\x00\x08\x00\x08\x01\x01\x11\x00\xFF\xDA", 17)
                                                  : std::string("RIFF\x1A\0\0\0WEBPVP8L\x0D\0\0\0\x2F\0\0\0\x10\x07\x10\x11\x11\x88\x88\xFE\x07\0", 34);
        size = std::min(start.size(), max_size);
        std::memcpy(data, start.data(), size);
    }
    return LLVMFuzzerMutate(data, size, max_size);
}
