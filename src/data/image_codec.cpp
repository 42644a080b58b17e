#include "tundish/data/image_codec.hpp"

#include "opencv_setup.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_header.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <limits>
#include <vector>

namespace tundish {
namespace {

std::string name_of(const ImageHeader& header) {
    return text("the ", to_text(header.format), " image of ", header.width, " x ", header.height, " pixels");
}

[[noreturn]] void cannot_decode(const ImageHeader& header) {
    throw DataError(
        text(name_of(header), " cannot be decoded: its data is damaged or of a kind that is not supported"));
}

cv::Mat run_decoder(ByteSpan bytes, const ImageHeader& header, int flags) {
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) cannot_decode(header);
    // OpenCV has no view of constant bytes; imdecode() only reads.
    const cv::Mat view(1, static_cast<int>(bytes.size()), CV_8U, const_cast<std::uint8_t*>(bytes.data()));
    try {
        return cv::imdecode(view, flags);
    } catch (const cv::Exception& error) {
        if (error.code == cv::Error::StsNoMem) throw MachineError(text("no memory to decode ", name_of(header)));
        cannot_decode(header);
    }
}

// 16-bit BGRA too. Other channel counts come back as they are.
cv::Mat lay_over_white(const cv::Mat& any_depth) {
    cv::Mat mat = any_depth;
    if (mat.depth() == CV_16U) mat.convertTo(mat, CV_8U, 1.0 / 257.0);
    if (mat.type() != CV_8UC4) return mat;
    cv::Mat out(mat.rows, mat.cols, CV_8UC3);
    for (int y = 0; y < mat.rows; ++y) {
        const auto* from = mat.ptr<cv::Vec4b>(y);
        auto* to = out.ptr<cv::Vec3b>(y);
        for (int x = 0; x < mat.cols; ++x) {
            const int alpha = from[x][3];
            for (int c = 0; c < 3; ++c) {
                to[x][c] = static_cast<std::uint8_t>((from[x][c] * alpha + 255 * (255 - alpha) + 127) / 255);
            }
        }
    }
    return out;
}

cv::Mat with_channels(const cv::Mat& mat, int channels) {
    if (mat.channels() == channels) return mat;
    cv::Mat out;
    cv::cvtColor(mat, out, channels == 1 ? cv::COLOR_BGR2GRAY : cv::COLOR_GRAY2BGR);
    return out;
}

// EXIF orientations 2..8: 5 and above exchange rows and columns first, then each has its mirror axis.
cv::Mat upright(const cv::Mat& mat, int orientation) {
    constexpr int kColumns = 1;
    constexpr int kRows = 0;
    constexpr int kBoth = -1;
    cv::Mat turned = mat;
    if (orientation >= 5) turned = mat.t();
    cv::Mat out;
    switch (orientation) {
        case 2:
        case 6:
            cv::flip(turned, out, kColumns);
            return out;
        case 3:
        case 7:
            cv::flip(turned, out, kBoth);
            return out;
        case 4:
        case 8:
            cv::flip(turned, out, kRows);
            return out;
        default:
            return turned;
    }
}

// Views of an image's planes in OpenCV's order: blue first.
std::vector<cv::Mat> planes_of(Image& image) {
    const auto& shape = image.shape;
    const std::size_t plane = shape.pixels() / static_cast<std::size_t>(shape.channels);
    std::vector<cv::Mat> planes;
    for (int c = shape.channels - 1; c >= 0; --c) {
        planes.emplace_back(shape.height, shape.width, CV_8U,
                            image.pixels.data() + static_cast<std::size_t>(c) * plane);
    }
    return planes;
}

Image to_planar(const cv::Mat& mat) {
    Image image{{mat.channels(), mat.rows, mat.cols}, {}};
    image.pixels.resize(image.shape.pixels());
    auto planes = planes_of(image);
    cv::split(mat, planes.data());
    return image;
}

}  // namespace

Image decode_image(ByteSpan bytes, int channels) {
    set_up_opencv();
    const ImageHeader header = read_image_header(bytes);
    // Orientation is ours to apply: OpenCV does not for images that it reads unchanged, and not for WebP.
    const int plain = (channels == 1 ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR) | cv::IMREAD_IGNORE_ORIENTATION;
    const cv::Mat decoded = run_decoder(bytes, header, header.alpha ? cv::IMREAD_UNCHANGED : plain);
    if (decoded.cols != header.width || decoded.rows != header.height) cannot_decode(header);
    const cv::Mat opaque = lay_over_white(decoded);
    if (opaque.depth() != CV_8U || (opaque.channels() != 1 && opaque.channels() != 3)) cannot_decode(header);
    return to_planar(upright(with_channels(opaque, channels), header.orientation));
}

// Bytes of a pixel: 3 as OpenCV decodes it and 3 as planes; upright() has one more copy. While they decode, libwebp has
// 4 beside OpenCV's 3, and libjpeg up to 6, a progressive JPEG's coefficients. With transparency OpenCV gives 8 (16-bit
// BGRA), of which 4 (8-bit), 3 (laid over white) and the copies above are made.
std::size_t decoding_bytes(const ImageHeader& header) {
    const bool upright = header.orientation == 1;
    const bool raw = header.format == ImageFormat::png || header.format == ImageFormat::bmp;
    const std::size_t plain = upright && raw ? 6 : 9;
    const std::size_t bytes = header.alpha ? (upright ? 15 : 17) : plain;
    return bytes * static_cast<std::size_t>(header.width) * static_cast<std::size_t>(header.height);
}

bool looks_like_image(ByteSpan bytes) {
    return image_format(bytes).has_value();
}

std::string encode_png(const Image& image) {
    set_up_opencv();
    Image copy = image;  // OpenCV has no view of constant pixels
    cv::Mat merged;
    cv::merge(planes_of(copy), merged);
    std::vector<std::uint8_t> png;
    if (!cv::imencode(".png", merged, png)) throw MachineError(text("cannot encode a PNG of ", to_text(image.shape)));
    return {png.begin(), png.end()};
}

}  // namespace tundish
