#include "area_shrink.hpp"
#include "opencv_setup.hpp"
#include "tundish/data/image_codec.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace tundish {
namespace {

void resize_plane(const cv::Mat& from, cv::Mat& to) {
    // Areas are averaged along the axes that shrink; what grows is interpolated after that.
    const cv::Size smaller(std::min(from.cols, to.cols), std::min(from.rows, to.rows));
    cv::Mat shrunk = from;
    if (smaller != from.size()) {
        cv::Mat target = smaller == to.size() ? to : cv::Mat();
        cv::resize(from, target, smaller, 0, 0, cv::INTER_AREA);
        shrunk = target;
    }
    if (smaller != to.size()) cv::resize(shrunk, to, to.size(), 0, 0, cv::INTER_LINEAR);
}

// Where OpenCV has no fast way of its own: both axes shrink or stay, and not by whole factors.
bool shrinks_by_parts(const ImageShape& from, int height, int width) {
    return height <= from.height && width <= from.width && (from.height % height != 0 || from.width % width != 0);
}

}  // namespace

Image resize(const Image& image, int height, int width) {
    if (image.shape.height == height && image.shape.width == width) return image;
    set_up_opencv();
    Image out{{image.shape.channels, height, width}, {}};
    out.pixels.resize(out.shape.pixels());
    if (shrinks_by_parts(image.shape, height, width)) {
        shrink_area(image.pixels.data(), {image.shape.height, image.shape.width}, out.pixels.data(), {height, width},
                    image.shape.channels);
        return out;
    }
    const auto planes = static_cast<std::size_t>(image.shape.channels);
    for (std::size_t c = 0; c < planes; ++c) {
        // OpenCV has no view of constant pixels; resize() only reads its source.
        auto* source = const_cast<std::uint8_t*>(image.pixels.data()) + c * (image.shape.pixels() / planes);
        const cv::Mat from(image.shape.height, image.shape.width, CV_8U, source);
        cv::Mat to(height, width, CV_8U, out.pixels.data() + c * (out.shape.pixels() / planes));
        resize_plane(from, to);
    }
    return out;
}

}  // namespace tundish
