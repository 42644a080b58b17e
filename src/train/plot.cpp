#include "tundish/train/plot.hpp"

#include <algorithm>
#include <cmath>

#include "axis.hpp"
#include "canvas.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

constexpr int kWidth = 1360, kHeight = 500;
constexpr Colour kTrain{0, 114, 178}, kValidation{213, 94, 0},
    kAugmented{0, 158, 115};  // told apart by the colour-blind too
constexpr Colour kGrid{228, 231, 235}, kFrame{150, 156, 163}, kInk{55, 60, 66}, kFaint{110, 117, 125};

struct Value {
    double epoch;
    double value;
};

struct Series {
    const char* name;
    Colour colour;
    std::vector<Value> values;
};

// A panel's drawing area and the two axes that map numbers into it.
struct Frame {
    Point upper_left;
    Point lower_right;
    Axis x;
    Axis y;

    [[nodiscard]] Point at(Value value) const {
        return {upper_left.x + x.share(value.epoch) * (lower_right.x - upper_left.x),
                lower_right.y - y.share(value.value) * (lower_right.y - upper_left.y)};
    }
};

struct Panel {
    const char* title;
    std::vector<Series> series;
    std::string note;
    bool fractions = false;  // values lie within 0 and 1
};

template <typename Pick>
Series make_series(const char* name, Colour colour, const std::vector<EpochReport>& history, Pick pick) {
    Series series{name, colour, {}};
    for (const auto& report : history) {
        const std::optional<double> value = pick(report);
        if (value) series.values.push_back({static_cast<double>(report.epoch), *value});
    }
    return series;
}

template <typename Pick>
auto of_validation(Pick pick) {
    return [pick](const EpochReport& report) -> std::optional<double> {
        if (!report.validation) return std::nullopt;
        return pick(*report.validation);
    };
}

Axis axis_of_values(const Panel& panel) {
    std::vector<double> finite;
    for (const auto& series : panel.series) {
        for (const auto& [epoch, value] : series.values) {
            if (std::isfinite(value)) finite.push_back(value);
        }
    }
    if (finite.empty()) return value_axis(0.0, 1.0);
    const auto [low, high] = std::minmax_element(finite.begin(), finite.end());
    Axis axis = value_axis(*low, *high);
    if (panel.fractions && (axis.low < 0.0 || axis.high > 1.0)) {
        axis = value_axis(std::max(0.0, axis.low), std::min(1.0, axis.high));
    }
    return axis;
}

void draw_grid(Canvas& canvas, const Frame& frame) {
    const auto [left, top] = frame.upper_left;
    const auto [right, bottom] = frame.lower_right;
    for (const double tick : frame.y.ticks) {
        const double y = frame.at({frame.x.low, tick}).y;
        canvas.line({left, y}, {right, y}, kGrid, 1);
        canvas.text({left - 10, y}, frame.y.label(tick), {.size = 14, .colour = kInk, .align = Align::right});
    }
    for (const double tick : frame.x.ticks) {
        const double x = frame.at({tick, frame.y.low}).x;
        canvas.line({x, top}, {x, bottom}, kGrid, 1);
        canvas.text({x, bottom + 17}, frame.x.label(tick), {.size = 14, .colour = kInk, .align = Align::centre});
    }
    canvas.line({left, top}, {left, bottom}, kFrame, 1);
    canvas.line({left, bottom}, {right, bottom}, kFrame, 1);
    canvas.text({(left + right) / 2, bottom + 42}, "epoch", {.size = 14, .colour = kFaint, .align = Align::centre});
}

void draw_series(Canvas& canvas, const Frame& frame, const Series& series) {
    const bool marks = series.values.size() <= 40;
    const double radius = series.values.size() == 1 ? 5.0 : 3.6;
    std::vector<Point> run;
    const auto finish_run = [&] {
        if (run.size() > 1) canvas.polyline(run, series.colour, 2);
        // A point alone between two gaps would be invisible without its mark.
        if (marks || run.size() == 1) {
            for (const auto& point : run) canvas.disc(point, radius, series.colour);
        }
        run.clear();
    };
    for (const auto& value : series.values) {
        if (std::isfinite(value.value)) {
            run.push_back(frame.at(value));
        } else {
            finish_run();
        }
    }
    finish_run();
}

// To the right of the title, above the drawing area, where no curve can run under it.
void draw_legend(Canvas& canvas, const Frame& frame, const std::vector<Series>& all) {
    const TextStyle style{.size = 14, .colour = kInk, .align = Align::right};
    const double y = frame.upper_left.y - 22;
    double right = frame.lower_right.x;
    for (auto series = all.rbegin(); series != all.rend(); ++series) {
        canvas.text({right, y}, series->name, style);
        right -= Canvas::text_width(series->name, style) + 8;
        canvas.line({right - 24, y}, {right, y}, series->colour, 2);
        canvas.disc({right - 12, y}, 3.6, series->colour);
        right -= 24 + 22;
    }
}

std::string count_of_gaps(const Panel& panel) {
    std::ptrdiff_t gaps = 0;
    for (const auto& series : panel.series) {
        gaps += std::count_if(series.values.begin(), series.values.end(),
                              [](const Value& value) { return !std::isfinite(value.value); });
    }
    return gaps == 0 ? "" : text(gaps, gaps == 1 ? " value is" : " values are", " not finite");
}

void draw_panel(Canvas& canvas, const Panel& panel, double left, double right, const Axis& epochs) {
    const Frame frame{{left, 56}, {right, kHeight - 66.0}, epochs, axis_of_values(panel)};
    canvas.text({left, frame.upper_left.y - 22}, panel.title, {.size = 19, .colour = kInk, .bold = true});
    draw_legend(canvas, frame, panel.series);
    draw_grid(canvas, frame);
    for (const auto& series : panel.series) draw_series(canvas, frame, series);
    const double below = frame.lower_right.y + 42;
    canvas.text({right, below}, panel.note, {.size = 14, .colour = kFaint, .align = Align::right});
    canvas.text({left, below}, count_of_gaps(panel), {.size = 14, .colour = {190, 30, 45}});
}

Panel loss_panel(const std::vector<EpochReport>& history) {
    return {"Loss",
            {make_series("train", kTrain, history, [](const EpochReport& report) { return report.train_loss; }),
             make_series("validation", kValidation, history, of_validation([](const auto& v) { return v.loss; }))},
            ""};
}

// That of the model, which the log names too: of equal ones the last.
std::string best_note(const std::vector<EpochReport>& history) {
    const EpochReport* best = best_epoch(history);
    if (best == nullptr || !best->validation) return "";
    return text("best ", fixed(best->validation->accuracy, 4), " (epoch ", best->epoch, ")");
}

Panel accuracy_panel(const std::vector<EpochReport>& history) {
    return {"Accuracy",
            {make_series("train", kTrain, history, [](const EpochReport& report) { return report.train_accuracy; }),
             make_series("validation", kValidation, history, of_validation([](const auto& v) { return v.accuracy; })),
             make_series("validation (TTA)", kAugmented, history,
                         of_validation([](const auto& v) { return v.accuracy_tta; }))},
            best_note(history),
            true};
}

void drop_empty_series(Panel& panel) {
    std::erase_if(panel.series, [](const Series& series) { return series.values.empty(); });
}

}  // namespace

std::string training_curves_png(const std::vector<EpochReport>& history) {
    const auto epoch = [](const EpochReport& report) { return static_cast<double>(report.epoch); };
    const Axis epochs = history.empty() ? epoch_axis(0, 1) : epoch_axis(epoch(history.front()), epoch(history.back()));
    Panel loss = loss_panel(history);
    Panel accuracy = accuracy_panel(history);
    Canvas canvas(kWidth, kHeight);
    for (Panel* panel : {&loss, &accuracy}) drop_empty_series(*panel);
    draw_panel(canvas, loss, 75, 655, epochs);
    draw_panel(canvas, accuracy, 755, 1335, epochs);
    return canvas.png();
}

}  // namespace tundish
