#include <cmath>

#include "tundish/base/text.hpp"
#include "tundish/train/reporters.hpp"

namespace tundish {
namespace {

// As fixed(), but of one spelling: "nan", "inf", "-inf", and no "-0.0000". A metric regex captures `[0-9.]+`, so that
// an epoch whose loss is not a number gives no data point instead of a wrong one.
std::string number(double value, int digits) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    const std::string out = fixed(value, digits);
    const bool zero = out.find_first_of("123456789") == std::string::npos;
    return zero && out.front() == '-' ? out.substr(1) : out;
}

// Keras changes to "2s/step" for slow steps; the lab's regex wants ms or us, so the unit stays milliseconds.
std::string time_per_step(const EpochReport& report) {
    if (report.steps_in_epoch <= 0) return "0ms/step";
    const double milliseconds = report.seconds * 1e3 / static_cast<double>(report.steps_in_epoch);
    if (milliseconds >= 1.0) return text(number(milliseconds, 0), "ms/step");
    return text(number(milliseconds * 1e3, 0), "us/step");
}

std::string keras_line(const EpochReport& report) {
    std::string line = text(report.steps_in_epoch, '/', report.steps_in_epoch, " - ", number(report.seconds, 0), "s ",
                            time_per_step(report), " - loss: ", number(report.train_loss, 4),
                            " - accuracy: ", number(report.train_accuracy, 4));
    if (report.validation) {
        line += text(" - val_loss: ", number(report.validation->loss, 4),
                     " - val_accuracy: ", number(report.validation->accuracy, 4));
    }
    return line;
}

std::string image_classification_line(const EpochReport& report, const char* which, double accuracy) {
    return text("Epoch[", report.epoch, "] ", which, "-accuracy=", number(accuracy, 6));
}

std::string own_line(const EpochReport& report) {
    std::string line = text("epoch=", report.epoch, ';');
    const auto add = [&](const char* name, double value, int digits) {
        line += text(' ', name, '=', number(value, digits), ';');
    };
    add("train_loss", report.train_loss, 6);
    add("train_accuracy", report.train_accuracy, 6);
    if (const auto& validation = report.validation) {
        add("validation_loss", validation->loss, 6);
        add("validation_accuracy", validation->accuracy, 6);
        if (validation->accuracy_tta) add("validation_accuracy_tta", *validation->accuracy_tta, 6);
        if (validation->top_k_accuracy) add("validation_top_k_accuracy", *validation->top_k_accuracy, 6);
    }
    add("learning_rate", report.learning_rate, 8);
    add("images_per_second", report.images_per_second, 1);
    return line;
}

}  // namespace

std::vector<std::string> metric_lines(const EpochReport& report) {
    std::vector<std::string> lines{keras_line(report),
                                   image_classification_line(report, "Train", report.train_accuracy)};
    if (report.validation) {
        lines.push_back(image_classification_line(report, "Validation", report.validation->accuracy));
    }
    lines.push_back(own_line(report));
    return lines;
}

std::vector<MetricDefinition> metric_definitions() {
    const auto define = [](const char* name, const char* key) {
        return MetricDefinition{name, text("epoch=[0-9]+;.* ", key, "=([0-9.]+);")};
    };
    return {define("train:loss", "train_loss"),
            define("train:accuracy", "train_accuracy"),
            define("validation:loss", "validation_loss"),
            define("validation:accuracy", "validation_accuracy"),
            define("validation:accuracy_tta", "validation_accuracy_tta"),
            define("validation:top_k_accuracy", "validation_top_k_accuracy"),
            define("train:learning_rate", "learning_rate"),
            define("train:images_per_second", "images_per_second")};
}

}  // namespace tundish
