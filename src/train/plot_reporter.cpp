#include "plot_reporter.hpp"

#include <utility>

#include "tundish/base/files.hpp"

namespace tundish {
namespace {

constexpr double kSecondsBetweenDrawings = 10.0;  // of training; a drawing takes some 50 ms

}  // namespace

PlotReporter::PlotReporter(std::filesystem::path folder, std::vector<std::string> class_names,
                           std::vector<EpochReport> earlier)
    : folder_(std::move(folder)), class_names_(std::move(class_names)), history_(std::move(earlier)) {
    make_folders(folder_);
    remove_stale_temporaries(folder_);
}

void PlotReporter::on_epoch(const EpochReport& report) {
    confusion_.see(report);
    history_.push_back(report);
    if (history_.back().validation) history_.back().validation->confusion.clear();
    seconds_since_drawing_ += report.seconds;
    if (seconds_since_drawing_ < kSecondsBetweenDrawings) return;
    draw(history_);
    seconds_since_drawing_ = 0.0;
}

void PlotReporter::on_end(const std::vector<EpochReport>& history) {
    for (const auto& report : history) confusion_.see(report);
    if (!history.empty()) draw(history);
}

void PlotReporter::draw(const std::vector<EpochReport>& history) const {
    write_file_atomically(folder_ / "training_curves.png", training_curves_png(history));
    if (confusion_.matrix().empty()) return;
    write_file_atomically(folder_ / "confusion_matrix.png", confusion_matrix_png(confusion_.matrix(), class_names_));
}

}  // namespace tundish
