#include "canvas.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "tundish/base/error.hpp"

namespace tundish {
namespace {

constexpr int kOversampling = 2;
constexpr int kShift = 4;  // OpenCV takes coordinates in 1/16 pixel
constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kCapitalHeight = 21.0;  // of the font at scale 1, in pixels
constexpr double kCapitalShare = 0.70;   // of the size of a font

cv::Scalar bgr(Colour colour) {
    return {double(colour.blue), double(colour.green), double(colour.red)};
}

cv::Point sixteenths(Point point) {
    const double unit = kOversampling * (1 << kShift);
    // Pixel centres lie at whole numbers in OpenCV; here, at halves.
    return {static_cast<int>(std::lround(point.x * unit - 8)), static_cast<int>(std::lround(point.y * unit - 8))};
}

int pixels(double length) {
    return std::max(1, static_cast<int>(std::lround(length * kOversampling)));
}

cv::Rect rect(Point upper_left, Point lower_right) {
    const auto whole = [](double value) { return static_cast<int>(std::lround(value * kOversampling)); };
    return {cv::Point(whole(upper_left.x), whole(upper_left.y)), cv::Point(whole(lower_right.x), whole(lower_right.y))};
}

double font_scale(const TextStyle& style) {
    return style.size * kOversampling * kCapitalShare / kCapitalHeight;
}

int stroke(const TextStyle& style) {
    return pixels(style.size * (style.bold ? 0.115 : 0.078));
}

cv::Size text_size(const std::string& content, const TextStyle& style) {
    int below = 0;
    return cv::getTextSize(content, kFont, font_scale(style), stroke(style), &below);
}

// The text as a mask, 255 where there is ink, with `margin` pixels around it for the descenders and strokes.
cv::Mat text_mask(const std::string& content, const TextStyle& style, int margin) {
    const cv::Size size = text_size(content, style);
    cv::Mat mask(size.height + 2 * margin, size.width + 2 * margin, CV_8UC1, cv::Scalar(0));
    cv::putText(mask, content, {margin, margin + size.height}, kFont, font_scale(style), cv::Scalar(255), stroke(style),
                cv::LINE_AA);
    if (style.upwards) cv::rotate(mask, mask, cv::ROTATE_90_COUNTERCLOCKWISE);
    return mask;
}

void blend(cv::Mat& target, const cv::Mat& mask, cv::Point at, Colour colour) {
    const cv::Rect inside = cv::Rect(at, mask.size()) & cv::Rect({0, 0}, target.size());
    const std::array<int, 3> ink{colour.blue, colour.green, colour.red};
    for (int y = inside.y; y < inside.y + inside.height; ++y) {
        for (int x = inside.x; x < inside.x + inside.width; ++x) {
            const int opacity = mask.at<std::uint8_t>(y - at.y, x - at.x);
            if (opacity == 0) continue;
            auto& pixel = target.at<cv::Vec3b>(y, x);
            for (int c = 0; c < 3; ++c) {
                const int mixed = (pixel[c] * (255 - opacity) + ink[static_cast<std::size_t>(c)] * opacity) / 255;
                pixel[c] = static_cast<std::uint8_t>(mixed);
            }
        }
    }
}

}  // namespace

Canvas::Canvas(int width, int height)
    : pixels_(std::make_unique<cv::Mat>(height * kOversampling, width * kOversampling, CV_8UC3, cv::Scalar::all(255))) {
}

Canvas::~Canvas() = default;

void Canvas::rectangle(Point upper_left, Point lower_right, Colour colour) {
    cv::rectangle(*pixels_, rect(upper_left, lower_right), bgr(colour), cv::FILLED);
}

void Canvas::line(Point from, Point to, Colour colour, double width) {
    polyline({from, to}, colour, width);
}

void Canvas::polyline(const std::vector<Point>& points, Colour colour, double width) {
    std::vector<cv::Point> fine;
    for (const auto& point : points) fine.push_back(sixteenths(point));
    cv::polylines(*pixels_, fine, false, bgr(colour), pixels(width), cv::LINE_AA, kShift);
}

void Canvas::disc(Point centre, double radius, Colour colour) {
    const int fine_radius = static_cast<int>(std::lround(radius * kOversampling * (1 << kShift)));
    cv::circle(*pixels_, sixteenths(centre), fine_radius, bgr(colour), cv::FILLED, cv::LINE_AA, kShift);
}

void Canvas::mosaic(Point upper_left, Point lower_right, const std::vector<Colour>& shades, int columns) {
    const int rows = static_cast<int>(shades.size()) / columns;
    cv::Mat tiles(rows, columns, CV_8UC3);
    std::transform(shades.begin(), shades.end(), tiles.begin<cv::Vec3b>(),
                   [](Colour colour) { return cv::Vec3b(colour.blue, colour.green, colour.red); });
    cv::Mat target = (*pixels_)(rect(upper_left, lower_right));
    const bool shrinks = rows > target.rows || columns > target.cols;
    cv::resize(tiles, target, target.size(), 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_NEAREST);
}

void Canvas::text(Point at, const std::string& content, const TextStyle& style) {
    if (content.empty()) return;
    const int margin = pixels(style.size);
    const cv::Mat mask = text_mask(content, style, margin);
    const double capital = style.size * kOversampling * kCapitalShare;
    const double length = text_size(content, style).width;
    const double before = style.align == Align::left ? 0 : style.align == Align::centre ? length / 2 : length;
    const double x = at.x * kOversampling;
    const double y = at.y * kOversampling;
    const auto corner = [](double left, double top) {
        return cv::Point(static_cast<int>(std::lround(left)), static_cast<int>(std::lround(top)));
    };
    // The letters' base line lies `margin` pixels from the mask's lower (upwards: right) edge.
    if (style.upwards) {
        blend(*pixels_, mask, corner(x + capital / 2 + margin - mask.cols, y + before + margin - mask.rows),
              style.colour);
    } else {
        blend(*pixels_, mask, corner(x - before - margin, y + capital / 2 + margin - mask.rows), style.colour);
    }
}

double Canvas::text_width(const std::string& content, const TextStyle& style) {
    return static_cast<double>(text_size(content, style).width) / kOversampling;
}

std::string Canvas::png() const {
    cv::Mat small;
    cv::resize(*pixels_, small, pixels_->size() / kOversampling, 0, 0, cv::INTER_AREA);
    std::vector<std::uint8_t> bytes;
    if (!cv::imencode(".png", small, bytes)) throw MachineError("OpenCV could not encode a plot as PNG");
    return {bytes.begin(), bytes.end()};
}

}  // namespace tundish
