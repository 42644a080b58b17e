#include "tundish/train/plot.hpp"

#include <limits>
#include <opencv2/imgcodecs.hpp>

#include "support/catch.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/files.hpp"
#include "tundish/train/reporters.hpp"

using namespace tundish;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
const cv::Vec3b kBlue{178, 114, 0}, kOrange{0, 94, 213}, kGreen{115, 158, 0};

std::vector<EpochReport> history_of(std::size_t epochs, bool validated = true) {
    std::vector<EpochReport> history(epochs);
    for (std::size_t k = 0; k < epochs; ++k) {
        const double share = static_cast<double>(k + 1) / static_cast<double>(epochs);
        history[k].epoch = static_cast<std::int64_t>(k);
        history[k].train_loss = 2.0 - share;
        history[k].train_accuracy = 0.2 + 0.7 * share;
        if (!validated) continue;
        history[k].validation = Evaluation{};
        history[k].validation->loss = 2.2 - share;
        history[k].validation->accuracy = 0.1 + 0.7 * share;
    }
    return history;
}

cv::Mat decode(const std::string& png) {
    const std::vector<std::uint8_t> bytes(png.begin(), png.end());
    cv::Mat image = cv::imdecode(bytes, cv::IMREAD_COLOR);
    REQUIRE_FALSE(image.empty());
    return image;
}

int count(const cv::Mat& image, cv::Vec3b colour) {
    int found = 0;
    for (int y = 0; y < image.rows; ++y) {
        for (int x = 0; x < image.cols; ++x) found += image.at<cv::Vec3b>(y, x) == colour ? 1 : 0;
    }
    return found;
}

// The two drawing areas, without the legends above them.
cv::Mat loss_area(const cv::Mat& image) {
    return image(cv::Rect(75, 50, 585, 386));
}
cv::Mat accuracy_area(const cv::Mat& image) {
    return image(cv::Rect(755, 50, 585, 386));
}

}  // namespace

TEST_CASE("training curves: any number of epochs shows both series in both panels") {
    for (const std::size_t epochs : {1, 8, 200}) {
        INFO(epochs);
        const cv::Mat image = decode(training_curves_png(history_of(epochs)));
        CHECK(image.cols == 1360);
        CHECK(image.rows == 500);
        CHECK(image.at<cv::Vec3b>(0, 0) == cv::Vec3b(255, 255, 255));
        for (const auto& colour : {kBlue, kOrange}) {
            CHECK(count(loss_area(image), colour) > 20);
            CHECK(count(accuracy_area(image), colour) > 20);
        }
        CHECK(count(image, kGreen) == 0);
    }
}

TEST_CASE("training curves: falling loss ends low, rising accuracy ends high") {
    const cv::Mat image = decode(training_curves_png(history_of(8, false)));
    const auto half = [](const cv::Mat& area, bool upper) {
        // The last tenth of the panel.
        return area(cv::Rect(area.cols * 9 / 10, upper ? 0 : area.rows / 2, area.cols / 10, area.rows / 2));
    };
    CHECK(count(half(accuracy_area(image), true), kBlue) > 0);
    CHECK(count(half(accuracy_area(image), false), kBlue) == 0);
    CHECK(count(half(loss_area(image), true), kBlue) == 0);
    CHECK(count(half(loss_area(image), false), kBlue) > 0);
}

TEST_CASE("training curves: without validation there is one colour") {
    const cv::Mat image = decode(training_curves_png(history_of(8, false)));
    CHECK(count(image, kBlue) > 100);
    CHECK(count(image, kOrange) == 0);
}

TEST_CASE("training curves: test-time augmentation is a third curve") {
    auto history = history_of(3);
    for (auto& report : history) report.validation->accuracy_tta = 0.95;
    const cv::Mat image = decode(training_curves_png(history));
    CHECK(count(accuracy_area(image), kGreen) > 100);
    CHECK(count(loss_area(image), kGreen) == 0);
}

TEST_CASE("training curves: a loss that is not finite leaves a gap") {
    auto history = history_of(9, false);
    const int whole = count(loss_area(decode(training_curves_png(history))), kBlue);
    history[3].train_loss = kNan;
    history[4].train_loss = std::numeric_limits<double>::infinity();
    const int gaps = count(loss_area(decode(training_curves_png(history))), kBlue);
    CHECK(gaps < whole * 4 / 5);
    CHECK(gaps > whole / 3);
    for (auto& report : history) report.train_loss = kNan;
    CHECK(count(loss_area(decode(training_curves_png(history))), kBlue) == 0);
}

TEST_CASE("training curves: values of any size and equal values") {
    auto history = history_of(4);
    for (const double loss : {0.0, 1e-12, 1e-3, 5.0, 1e9, 1e300, -3.0}) {
        for (auto& report : history) report.train_loss = loss;
        history[0].train_loss = loss * 1.5;
        CHECK(count(loss_area(decode(training_curves_png(history))), kBlue) > 5);
    }
    CHECK_NOTHROW(decode(training_curves_png({})));
}

TEST_CASE("training curves: of epochs that tie the one is called best whose weights were kept") {
    auto history = history_of(3);
    for (auto& report : history) report.validation->accuracy = 0.5;
    history[0].best = true;
    CHECK(best_epoch(history) == &history[0]);
    const auto first = training_curves_png(history);
    history[2].best = true;
    CHECK(best_epoch(history) == &history[2]);
    CHECK(training_curves_png(history) != first);
    history[2].validation->accuracy = 0.4999;  // measured again at the end of the job, in other arithmetic
    const auto lower = training_curves_png(history);
    history[0].best = false;
    CHECK(training_curves_png(history) == lower);
    CHECK(best_epoch({}) == nullptr);
}

TEST_CASE("confusion matrix: squares are shaded by their share of the row") {
    // Class 0 is always right; class 1 is right once in four.
    const cv::Mat image = decode(confusion_matrix_png({{1000, 0}, {3, 1}}, {"cat", "dog"}));
    std::vector<int> darkness;
    const int left = image.cols - 110 - 300;
    for (const int row : {0, 1}) {
        for (const int column : {0, 1}) {
            // Near the corner of a square, where no digit is.
            darkness.push_back(255 - image.at<cv::Vec3b>(64 + row * 150 + 12, left + column * 150 + 12)[2]);
        }
    }
    CHECK(darkness[0] > darkness[2]);
    CHECK(darkness[2] > 150);  // of its own row: 75 %, though only 3 samples
    CHECK(darkness[2] > darkness[3]);
    CHECK(darkness[3] > darkness[1]);
    CHECK(darkness[1] < 10);
}

TEST_CASE("confusion matrix: from none to a thousand classes, with names of any kind") {
    for (const std::size_t classes : {0, 1, 2, 10, 20, 21, 100, 1000}) {
        INFO(classes);
        const ConfusionMatrix matrix(classes, std::vector<std::int64_t>(classes, 7));
        const cv::Mat image =
            decode(confusion_matrix_png(matrix, {"a name that is far too long for its place", "日本語", ""}));
        CHECK(image.cols < 1100);
        CHECK(image.rows < 1100);
    }
    CHECK_NOTHROW(confusion_matrix_png({{std::numeric_limits<std::int64_t>::max() / 4, 0}, {0, 0}}, {}));
}

TEST_CASE("plots: written at the end, and on the way after ten seconds of training") {
    const testing::TempFolder folder;
    ReportPaths paths;
    paths.plots_folder = folder.path();
    const auto reporters = make_reporters(paths, {"cat", "dog"}, 0);
    auto history = history_of(3);
    history[1].validation->confusion = {{5, 1}, {2, 4}};
    for (auto& report : history) report.seconds = 6.0;
    reporters.back()->on_epoch(history[0]);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "training_curves.png"));
    reporters.back()->on_epoch(history[1]);
    const std::string early = read_file(folder.path() / "training_curves.png");
    CHECK(early == training_curves_png({history[0], history[1]}));
    CHECK(read_file(folder.path() / "confusion_matrix.png") == confusion_matrix_png({{5, 1}, {2, 4}}, {"cat", "dog"}));
    reporters.back()->on_end(history);
    CHECK(read_file(folder.path() / "training_curves.png") == training_curves_png(history));
}

TEST_CASE("plots: the confusion matrix is that of the best epoch") {
    const testing::TempFolder folder;
    ReportPaths paths;
    paths.plots_folder = folder.path();
    const auto reporters = make_reporters(paths, {"cat", "dog"}, 0);
    auto history = history_of(2);
    history[0].best = true;
    history[0].validation->confusion = {{5, 1}, {2, 4}};
    history[1].validation->confusion = {{1, 5}, {4, 2}};
    for (const auto& report : history) reporters.back()->on_epoch(report);
    reporters.back()->on_end(history);
    CHECK(read_file(folder.path() / "confusion_matrix.png") ==
          confusion_matrix_png(history[0].validation->confusion, {"cat", "dog"}));
}
