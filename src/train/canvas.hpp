#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cv {
class Mat;
}

namespace tundish {

struct Colour {
    std::uint8_t red = 0;
    std::uint8_t green = 0;
    std::uint8_t blue = 0;
};

/// Pixels from the left and the upper edge; fractions count.
struct Point {
    double x = 0.0;
    double y = 0.0;
};

enum class Align { left, centre, right };

struct TextStyle {
    double size = 14.0;  ///< as a font size: capitals are about 0.7 of it
    Colour colour{55, 60, 66};
    Align align = Align::left;
    bool bold = false;
    bool upwards = false;  ///< turned by 90 degrees, to be read from below; `align` then goes from bottom to top
};

/// A white picture to draw on. Draws at a multiple of the final size and averages at the end, which gives smooth lines
/// and letters. The only place that knows OpenCV's drawing functions.
class Canvas {
  public:
    Canvas(int width, int height);
    ~Canvas();
    Canvas(const Canvas&) = delete;
    Canvas& operator=(const Canvas&) = delete;

    void rectangle(Point upper_left, Point lower_right, Colour colour);
    void line(Point from, Point to, Colour colour, double width);
    void polyline(const std::vector<Point>& points, Colour colour, double width);
    void disc(Point centre, double radius, Colour colour);
    /// `shades` row by row, `columns` in each, stretched over the rectangle without blending.
    void mosaic(Point upper_left, Point lower_right, const std::vector<Colour>& shades, int columns);
    /// Text of printable ASCII whose capitals are centred on `at.y` (upwards: on `at.x`).
    void text(Point at, const std::string& content, const TextStyle& style);

    static double text_width(const std::string& content, const TextStyle& style);
    [[nodiscard]] std::string png() const;

  private:
    std::unique_ptr<cv::Mat> pixels_;
};

}  // namespace tundish
