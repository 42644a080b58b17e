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

// `to` has the channels of `from` and another height or width.
template <typename Number>
void resize_planes(const Number* source, const ImageShape& from, Number* target, const ImageShape& to) {
    set_up_opencv();
    constexpr int kType = cv::DataType<Number>::type;
    const std::size_t from_plane = from.pixels() / static_cast<std::size_t>(from.channels);
    const std::size_t to_plane = to.pixels() / static_cast<std::size_t>(to.channels);
    for (int c = 0; c < from.channels; ++c) {
        // OpenCV has no view of constant pixels; resize() only reads its source.
        const cv::Mat whole(from.height, from.width, kType, const_cast<Number*>(source));
        cv::Mat fitted(to.height, to.width, kType, target);
        resize_plane(whole, fitted);
        source += from_plane;
        target += to_plane;
    }
}

// Where OpenCV has no fast way of its own: both axes shrink or stay, and not by whole factors.
bool shrinks_by_parts(const ImageShape& from, const ImageShape& to) {
    return to.height <= from.height && to.width <= from.width &&
           (from.height % to.height != 0 || from.width % to.width != 0);
}

}  // namespace

Image resize(const Image& image, int height, int width) {
    if (image.shape.height == height && image.shape.width == width) return image;
    Image out{{image.shape.channels, height, width}, {}};
    out.pixels.resize(out.shape.pixels());
    resize_into(image.pixels.data(), image.shape, out.pixels.data(), out.shape);
    return out;
}

void resize_into(const std::uint8_t* planes, const ImageShape& from, std::uint8_t* out, const ImageShape& to) {
    if (shrinks_by_parts(from, to)) {
        return shrink_area(planes, {from.height, from.width}, out, {to.height, to.width}, from.channels);
    }
    resize_planes(planes, from, out, to);
}

void resize_into(const float* planes, const ImageShape& from, float* out, const ImageShape& to) {
    resize_planes(planes, from, out, to);
}

}  // namespace tundish
