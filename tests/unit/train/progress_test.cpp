#include "tundish/train/progress.hpp"

#include <regex>
#include <vector>

#include "support/catch.hpp"
#include "tundish/train/reporters.hpp"

using namespace tundish;

namespace {

// An epoch of `images` in `steps` equal steps of `seconds_per_step`; returns the lines.
std::vector<std::string> watch(std::int64_t images, std::int64_t steps, double seconds_per_step,
                               bool size_known = true) {
    double now = 100.0;
    std::vector<std::string> lines;
    Progress progress(
        3, size_known ? images : 0, [&] { return now; }, [&](const std::string& line) { lines.push_back(line); });
    for (std::int64_t step = 0; step < steps; ++step) {
        now += seconds_per_step;
        progress.add(images / steps);
    }
    return lines;
}

}  // namespace

TEST_CASE("progress: a slow epoch gives one line per tenth, none at its end") {
    const auto lines = watch(50000, 1000, 1.0);
    REQUIRE(lines.size() == 9);
    CHECK(lines[0] == "epoch 3: 10 %, 5000 of 50000 images, 50.0 images/s, 15 min 00 s left");
    CHECK(lines[8] == "epoch 3: 90 %, 45000 of 50000 images, 50.0 images/s, 1 min 40 s left");
}

TEST_CASE("progress: the time left is no longer than training may take") {
    double now = 0.0;
    std::vector<std::string> lines;
    Progress progress(
        0, 1000, [&] { return now; }, [&](const std::string& line) { lines.push_back(line); });
    progress.ends_after(50.0);
    for (int step = 0; step < 9; ++step) {
        now += 5.2 + step;  // slower and slower
        progress.add(100);
    }
    REQUIRE(lines.size() == 9);
    CHECK(lines[0] == "epoch 0: 10 %, 100 of 1000 images, 19.2 images/s, 45 s left of max_train_seconds");
    CHECK(lines[8].ends_with(", 0.0 s left of max_train_seconds"));
}

TEST_CASE("progress: a fast epoch gives one line a second at most") {
    const auto lines = watch(1000, 100, 0.03125);  // 3.1 s in all
    CHECK(lines == std::vector<std::string>{"epoch 3: 32 %, 320 of 1000 images, 320.0 images/s, 2.1 s left",
                                            "epoch 3: 64 %, 640 of 1000 images, 320.0 images/s, 1.1 s left",
                                            "epoch 3: 96 %, 960 of 1000 images, 320.0 images/s, 0.1 s left"});
}

TEST_CASE("progress: an epoch of less than a second is silent") {
    CHECK(watch(1000, 100, 0.0099).empty());
    CHECK(watch(1000, 1, 500.0).empty());
}

TEST_CASE("progress: an epoch of unknown size gives a line each ten seconds") {
    const auto lines = watch(3000, 30, 1.0, false);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] == "epoch 3: 1000 images, 100.0 images/s");
}

TEST_CASE("progress: no metric regex matches its lines") {
    auto lines = watch(50000, 1000, 1.0);
    lines.push_back(watch(3000, 30, 1.0, false).front());
    std::vector<std::string> patterns{R"(loss: ([0-9\.]+))", R"(accuracy: ([0-9\.]+))", R"(accuracy=([0-9\.]+))",
                                      R"(Epoch\[[0-9]+\])",  R"((\d+)[mu]s/step)",      R"([a-z_]+=([0-9\.]+))"};
    for (const auto& definition : metric_definitions()) patterns.push_back(definition.regex);
    for (const auto& line : lines) {
        for (const auto& pattern : patterns) CHECK_FALSE(std::regex_search(line, std::regex(pattern)));
    }
}
