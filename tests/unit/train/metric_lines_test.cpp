#include <cmath>
#include <limits>
#include <regex>

#include "support/catch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/train/reporters.hpp"

using namespace tundish;

namespace {

EpochReport full_report() {
    EpochReport report;
    report.epoch = 3;
    report.epochs = 8;
    report.step = 784;
    report.steps_in_epoch = 196;
    report.train_loss = 1.23451;
    report.train_accuracy = 0.5678;
    report.learning_rate = 7e-05;
    report.seconds = 12.0;
    report.images_per_second = 4166.66;
    Evaluation validation;
    validation.loss = 1.1;
    validation.accuracy = 0.61;
    validation.accuracy_tta = 0.62;
    validation.top_k_accuracy = 0.93;
    report.validation = validation;
    return report;
}

struct Published {
    const char* regex;
    const char* captured;
};

// The lab's and its ancestor's metric definitions, and those used with the built-in Image Classification algorithm.
const std::vector<Published> kPublished{
    {R"(.*loss: ([0-9\.]+) - accuracy: [0-9\.]+.*)", "1.2345"},
    {R"(.*loss: [0-9\.]+ - accuracy: ([0-9\.]+).*)", "0.5678"},
    {R"(.*step - loss: [0-9\.]+ - accuracy: [0-9\.]+ - val_loss: [0-9\.]+ - val_accuracy: ([0-9\.]+).*)", "0.6100"},
    {R"(.*step - loss: [0-9\.]+ - accuracy: [0-9\.]+ - val_loss: ([0-9\.]+) - val_accuracy: [0-9\.]+.*)", "1.1000"},
    {R"(.* (\d+)[mu]s/step - loss: [0-9\.]+ - accuracy: [0-9\.]+ - val_loss: [0-9\.]+ - val_accuracy: [0-9\.]+)", "61"},
    {R"(.* - \d+s (\d+)[mu]s/step - loss: [0-9\.]+ - accuracy: [0-9\.]+ - val_loss: [0-9\.]+ - val_accuracy: [0-9\.]+)",
     "61"},
    {R"(Epoch\[[0-9]+\] Train-accuracy=([0-9\.]+))", "0.567800"},
    {R"(Train-accuracy=([0-9\.]+))", "0.567800"},
    {R"(Epoch\[[0-9]+\] Validation-accuracy=([0-9\.]+))", "0.610000"},
    {R"(Validation-accuracy=([0-9\.]+))", "0.610000"},
};

std::vector<std::string> captures(const std::vector<std::string>& lines, const std::string& pattern) {
    const std::regex regex(pattern);
    std::vector<std::string> found;
    for (const auto& line : lines) {
        for (std::sregex_iterator match(line.begin(), line.end(), regex); match != std::sregex_iterator(); ++match) {
            found.push_back((*match)[1].str());
        }
    }
    return found;
}

}  // namespace

TEST_CASE("metric lines: their exact text") {
    CHECK(metric_lines(full_report()) ==
          std::vector<std::string>{
              "196/196 - 12s 61ms/step - loss: 1.2345 - accuracy: 0.5678 - val_loss: 1.1000 - val_accuracy: 0.6100",
              "Epoch[3] Train-accuracy=0.567800", "Epoch[3] Validation-accuracy=0.610000",
              "epoch=3; train_loss=1.234510; train_accuracy=0.567800; validation_loss=1.100000; "
              "validation_accuracy=0.610000; validation_accuracy_tta=0.620000; validation_top_k_accuracy=0.930000; "
              "learning_rate=0.00007000; images_per_second=4166.7;"});
}

TEST_CASE("metric lines: each published regex finds one value an epoch") {
    for (const auto& [regex, captured] : kPublished) {
        INFO(regex);
        CHECK(captures(metric_lines(full_report()), regex) == std::vector<std::string>{captured});
    }
}

TEST_CASE("metric definitions: each regex finds one value an epoch, its own") {
    const std::vector<std::pair<std::string, std::string>> expected{{"train:loss", "1.234510"},
                                                                    {"train:accuracy", "0.567800"},
                                                                    {"validation:loss", "1.100000"},
                                                                    {"validation:accuracy", "0.610000"},
                                                                    {"validation:accuracy_tta", "0.620000"},
                                                                    {"validation:top_k_accuracy", "0.930000"},
                                                                    {"train:learning_rate", "0.00007000"},
                                                                    {"train:images_per_second", "4166.7"}};
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& [name, regex] : metric_definitions()) {
        CHECK(name.size() <= 255);
        CHECK(regex.size() <= 500);
        for (const auto& value : captures(metric_lines(full_report()), regex)) found.emplace_back(name, value);
    }
    CHECK(found == expected);
}

TEST_CASE("metric lines: without validation") {
    EpochReport report = full_report();
    report.validation.reset();
    const auto lines = metric_lines(report);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] == "196/196 - 12s 61ms/step - loss: 1.2345 - accuracy: 0.5678");
    CHECK(join(lines, "\n").find("alidation") == std::string::npos);
    CHECK(captures(lines, kPublished[0].regex) == std::vector<std::string>{"1.2345"});
}

TEST_CASE("metric lines: numbers never have an exponent and no line has a control character") {
    EpochReport report = full_report();
    report.train_loss = 3.2e12;
    report.learning_rate = 1e-12;
    report.validation->loss = -1e-9;
    const auto lines = metric_lines(report);
    CHECK(captures(lines, R"(train_loss=([^;]+);)") == std::vector<std::string>{"3200000000000.000000"});
    CHECK(captures(lines, R"(learning_rate=([^;]+);)") == std::vector<std::string>{"0.00000000"});
    CHECK(captures(lines, R"(validation_loss=([^;]+);)") == std::vector<std::string>{"0.000000"});
    for (const auto& line : lines) {
        CHECK_FALSE(std::regex_search(line, std::regex(R"([0-9]e[-+]?[0-9]|[\x00-\x1f])")));
    }
}

TEST_CASE("metric lines: what is not a number has one spelling and gives no data point") {
    EpochReport report = full_report();
    report.train_loss = -std::numeric_limits<double>::quiet_NaN();
    report.validation->loss = std::numeric_limits<double>::infinity();
    const auto lines = metric_lines(report);
    CHECK(lines[0] == "196/196 - 12s 61ms/step - loss: nan - accuracy: 0.5678 - val_loss: inf - val_accuracy: 0.6100");
    CHECK(captures(lines, metric_definitions()[0].regex).empty());
    CHECK(captures(lines, metric_definitions()[2].regex).empty());
    CHECK(captures(lines, metric_definitions()[3].regex) == std::vector<std::string>{"0.610000"});
    CHECK(captures(lines, kPublished[0].regex).empty());
}

TEST_CASE("metric lines: time per step stays in ms or us") {
    EpochReport report = full_report();
    report.steps_in_epoch = 2;
    report.seconds = 5.0;
    CHECK(metric_lines(report)[0].find("2/2 - 5s 2500ms/step - ") == 0);
    report.seconds = 0.0006;
    CHECK(metric_lines(report)[0].find("2/2 - 0s 300us/step - ") == 0);
    report.steps_in_epoch = 0;
    CHECK(metric_lines(report)[0].find("0/0 - 0s 0ms/step - ") == 0);
}
