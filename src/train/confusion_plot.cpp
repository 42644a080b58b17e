#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "canvas.hpp"
#include "tundish/base/text.hpp"
#include "tundish/train/plot.hpp"

namespace tundish {
namespace {

constexpr Colour kInk{55, 60, 66}, kFaint{110, 117, 125}, kZero{176, 182, 189}, kWhite{255, 255, 255},
    kFrame{150, 156, 163};
constexpr std::size_t kMostNumbered = 20;  // classes; above that, cells are too small for counts
constexpr std::size_t kLongestName = 16;   // letters

// Where the squares lie and how large the picture is.
struct Layout {
    double left, top, side, cell;
    int width, height;
};

std::int64_t sum(const std::vector<std::int64_t>& row) {
    return std::accumulate(row.begin(), row.end(), std::int64_t{0});
}

// From white over light blue to a dark blue; small shares get more than their part, so that rare mistakes show.
Colour shade(double share) {
    constexpr std::array<std::array<double, 3>, 4> kStops{
        {{250, 251, 253}, {189, 215, 238}, {66, 133, 190}, {8, 48, 107}}};
    const double place = std::pow(std::clamp(share, 0.0, 1.0), 0.65) * (kStops.size() - 1);
    const auto stop = std::min(static_cast<std::size_t>(place), kStops.size() - 2);
    const auto mix = [&](std::size_t c) {
        const double part = place - static_cast<double>(stop);
        return static_cast<std::uint8_t>(std::lround(kStops[stop][c] * (1 - part) + kStops[stop + 1][c] * part));
    };
    return {mix(0), mix(1), mix(2)};
}

// What the font can draw: printable ASCII, other characters as '?', cut when long.
std::string drawable(const std::string& name, std::size_t index) {
    std::string out;
    std::size_t foreign = 0;
    for (const char letter : name) {
        const auto byte = static_cast<std::uint8_t>(letter);
        if ((byte & 0xC0U) == 0x80U) continue;  // a later byte of a UTF-8 character
        const bool ascii = byte >= 0x20 && byte < 0x7F;
        out += ascii ? letter : '?';
        foreign += ascii ? 0 : 1;
    }
    if (out.empty() || foreign * 2 > out.size()) return text("class ", index);
    return out.size() <= kLongestName ? out : out.substr(0, kLongestName - 2) + "..";
}

std::vector<std::string> labels(std::size_t classes, const std::vector<std::string>& class_names) {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < classes; ++k) {
        if (k >= class_names.size()) {
            out.push_back(text(k));
        } else if (classes > kMostNumbered) {
            out.push_back(text(drawable(class_names[k], k), "  ", k));
        } else {
            out.push_back(drawable(class_names[k], k));
        }
    }
    return out;
}

// Every class has its label while there is room; then every 5th, 10th, 50th …
std::size_t label_step(std::size_t classes) {
    std::size_t step = 1;
    for (bool five = true; classes / step > 40 || (classes > 40 && step < 10); five = !five) step *= five ? 5 : 2;
    return step;
}

Layout make_layout(std::size_t classes, double label_width) {
    const double cell = std::clamp(640.0 / static_cast<double>(classes), 0.0, 150.0);
    const double side = cell * static_cast<double>(classes);
    const double left = 56 + label_width + 12;
    const double top = 64;
    return {
        left, top, side, cell, static_cast<int>(left + side + 110), static_cast<int>(top + side + label_width + 60)};
}

void draw_squares(Canvas& canvas, const Layout& at, const ConfusionMatrix& matrix) {
    std::vector<Colour> shades;
    for (const auto& row : matrix) {
        const auto total = static_cast<double>(std::max<std::int64_t>(1, sum(row)));
        for (const auto count : row) shades.push_back(shade(static_cast<double>(count) / total));
    }
    const double right = at.left + at.side, bottom = at.top + at.side;
    canvas.mosaic({at.left, at.top}, {right, bottom}, shades, static_cast<int>(matrix.size()));
    if (matrix.size() <= kMostNumbered) {
        for (std::size_t k = 1; k < matrix.size(); ++k) {
            const double along = at.cell * static_cast<double>(k);
            canvas.line({at.left + along, at.top}, {at.left + along, bottom}, kWhite, 1.5);
            canvas.line({at.left, at.top + along}, {right, at.top + along}, kWhite, 1.5);
        }
    }
    canvas.polyline({{at.left, at.top}, {right, at.top}, {right, bottom}, {at.left, bottom}, {at.left, at.top}}, kFrame,
                    1);
}

// One size for all counts: that at which the longest fits.
double count_size(const Layout& at, const ConfusionMatrix& matrix) {
    const double size = std::min(18.0, at.cell * 0.36);
    double width = 0;
    for (const auto& row : matrix) {
        for (const auto count : row)
            width = std::max(width, Canvas::text_width(text(count), {.size = size, .bold = true}));
    }
    return size * std::min(1.0, at.cell * 0.88 / width);
}

void draw_counts(Canvas& canvas, const Layout& at, const ConfusionMatrix& matrix) {
    TextStyle style{.size = count_size(at, matrix), .align = Align::centre};
    for (std::size_t row = 0; row < matrix.size(); ++row) {
        const auto total = static_cast<double>(sum(matrix[row]));
        for (std::size_t column = 0; column < matrix.size(); ++column) {
            const auto count = matrix[row][column];
            const bool dark = static_cast<double>(count) > 0.4 * total;
            style.colour = count == 0 ? kZero : dark ? kWhite : kInk;
            style.bold = row == column;
            canvas.text({at.left + at.cell * (static_cast<double>(column) + 0.5),
                         at.top + at.cell * (static_cast<double>(row) + 0.5)},
                        text(count), style);
        }
    }
}

void draw_labels(Canvas& canvas, const Layout& at, const std::vector<std::string>& names) {
    const double bottom = at.top + at.side;
    for (std::size_t k = 0; k < names.size(); k += label_step(names.size())) {
        const double middle = at.cell * (static_cast<double>(k) + 0.5);
        canvas.line({at.left - 5, at.top + middle}, {at.left, at.top + middle}, kFrame, 1);
        canvas.line({at.left + middle, bottom}, {at.left + middle, bottom + 5}, kFrame, 1);
        canvas.text({at.left - 10, at.top + middle}, names[k], {.size = 14, .colour = kInk, .align = Align::right});
        canvas.text({at.left + middle, bottom + 10}, names[k],
                    {.size = 14, .colour = kInk, .align = Align::right, .upwards = true});
    }
    canvas.text({at.left + at.side / 2, at.height - 22.0}, "predicted class",
                {.size = 14, .colour = kFaint, .align = Align::centre});
    canvas.text({24, at.top + at.side / 2}, "true class",
                {.size = 14, .colour = kFaint, .align = Align::centre, .upwards = true});
}

void draw_scale(Canvas& canvas, const Layout& at) {
    constexpr int kSteps = 128;
    std::vector<Colour> shades;
    for (int k = kSteps; k >= 0; --k) shades.push_back(shade(static_cast<double>(k) / kSteps));
    const double left = at.left + at.side + 24, bottom = at.top + at.side;
    canvas.mosaic({left, at.top}, {left + 14, bottom}, shades, 1);
    for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
        const double y = bottom - share * at.side;
        canvas.line({left + 14, y}, {left + 18, y}, kFrame, 1);
        canvas.text({left + 23, y}, text(fixed(share * 100, 0), "%"), {.size = 13, .colour = kFaint});
    }
}

void draw_title(Canvas& canvas, const Layout& at, const ConfusionMatrix& matrix) {
    std::int64_t right = 0, total = 0;
    for (std::size_t k = 0; k < matrix.size(); ++k) {
        right += matrix[k][k];
        total += sum(matrix[k]);
    }
    canvas.text({at.left, 24}, "Confusion matrix", {.size = 19, .colour = kInk, .bold = true});
    const double share = total == 0 ? 0.0 : static_cast<double>(right) / static_cast<double>(total);
    canvas.text({at.left, 46}, text(right, " of ", total, " right (", fixed(share * 100, 2), "%)"),
                {.size = 14, .colour = kFaint});
}

}  // namespace

std::string confusion_matrix_png(const ConfusionMatrix& matrix, const std::vector<std::string>& class_names) {
    const auto names = labels(matrix.size(), class_names);
    double label_width = 0;
    for (std::size_t k = 0; k < names.size(); k += label_step(names.size())) {
        label_width = std::max(label_width, Canvas::text_width(names[k], {.size = 14}));
    }
    const Layout layout = make_layout(std::max<std::size_t>(1, matrix.size()), label_width);
    Canvas canvas(layout.width, layout.height);
    draw_title(canvas, layout, matrix);
    draw_scale(canvas, layout);
    if (matrix.empty()) return canvas.png();
    draw_squares(canvas, layout, matrix);
    if (matrix.size() <= kMostNumbered) draw_counts(canvas, layout, matrix);
    draw_labels(canvas, layout, names);
    return canvas.png();
}

}  // namespace tundish
