#include "tensorboard_reporter.hpp"

#include <utility>

namespace tundish {
namespace {

// "loss/train" and "loss/validation" share a section of TensorBoard's page.
std::vector<Scalar> scalars_of(const EpochReport& report) {
    std::vector<Scalar> scalars{{"loss/train", report.train_loss}, {"accuracy/train", report.train_accuracy}};
    if (const auto& validation = report.validation) {
        scalars.push_back({"loss/validation", validation->loss});
        scalars.push_back({"accuracy/validation", validation->accuracy});
        if (validation->accuracy_tta) scalars.push_back({"accuracy/validation_tta", *validation->accuracy_tta});
        if (validation->top_k_accuracy) scalars.push_back({"accuracy/validation_top_k", *validation->top_k_accuracy});
    }
    scalars.push_back({"epoch", static_cast<double>(report.epoch)});
    scalars.push_back({"learning_rate", report.learning_rate});
    scalars.push_back({"images_per_second", report.images_per_second});
    return scalars;
}

}  // namespace

TensorboardReporter::TensorboardReporter(const std::filesystem::path& folder, std::vector<std::string> class_names,
                                         std::int64_t resumed_step)
    : class_names_(std::move(class_names)), file_(folder) {
    if (resumed_step > 0) file_.restart_at(resumed_step + 1);
}

void TensorboardReporter::on_epoch(const EpochReport& report) {
    confusion_.see(report);
    file_.add_scalars(report.step, scalars_of(report));
}

void TensorboardReporter::on_end(const std::vector<EpochReport>& history) {
    if (history.empty()) return;
    for (const auto& report : history) confusion_.see(report);
    const std::int64_t step = history.back().step;
    file_.add_image(step, "training_curves", training_curves_png(history));
    if (confusion_.matrix().empty()) return;
    file_.add_image(step, "confusion_matrix", confusion_matrix_png(confusion_.matrix(), class_names_));
}

}  // namespace tundish
