// The table's words for enumerations are those that the floors below print.
#include <algorithm>

#include "support/catch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_layout.hpp"
#include "tundish/data/record_reader.hpp"
#include "tundish/model/architecture.hpp"
#include "tundish/sagemaker/hyperparameter_table.hpp"
#include "tundish/sagemaker/hyperparameters.hpp"

using namespace tundish;

namespace {

JobSettings with(const std::string& name, const std::string& value) {
    return parse_hyperparameters(text("{\"", name, "\":\"", value, "\"}"));
}

std::vector<std::string> choices_of(const std::string& name) {
    const auto& table = hyperparameter_table();
    const auto row = std::find_if(table.begin(), table.end(), [&](const auto& each) { return each.name == name; });
    REQUIRE(row != table.end());
    return row->choices;
}

}  // namespace

TEST_CASE("a printed optimizer, schedule, precision and augmentation can be given as a hyperparameter") {
    for (const auto kind : {OptimizerKind::sgd, OptimizerKind::nag, OptimizerKind::adam, OptimizerKind::adamw,
                            OptimizerKind::rmsprop, OptimizerKind::muon}) {
        CHECK(with("optimizer", to_text(kind)).options.optimizer == kind);
    }
    for (const auto kind :
         {ScheduleKind::constant, ScheduleKind::cosine, ScheduleKind::triangle, ScheduleKind::linear}) {
        CHECK(with("lr_schedule", to_text(kind)).options.lr_schedule == kind);
    }
    CHECK(to_text(ScheduleKind::step) == "step");
    for (const auto precision : {Precision::automatic, Precision::fp32, Precision::fp16, Precision::bf16}) {
        CHECK(with("precision", to_text(precision)).options.precision == precision);
    }
    for (const auto augmentation : {Augmentation::none, Augmentation::crop, Augmentation::crop_color}) {
        CHECK(with("augmentation_type", to_text(augmentation)).options.augmentation_type == augmentation);
    }
}

TEST_CASE("every printed data format can be given as a hyperparameter, and no other") {
    std::vector<std::string> printed;
    for (const auto format :
         {DataFormat::automatic, DataFormat::cifar10, DataFormat::cifar100, DataFormat::image_folder, DataFormat::lst,
          DataFormat::recordio, DataFormat::tfrecord, DataFormat::augmented_manifest, DataFormat::idx}) {
        printed.push_back(to_text(format));
        CHECK(with("data_format", printed.back()).options.data.format == format);
    }
    CHECK(printed == choices_of("data_format"));
}

TEST_CASE("every printed image layout can be given as a hyperparameter, and no other") {
    std::vector<std::string> printed;
    for (const auto layout : {ImageLayout::automatic, ImageLayout::hwc, ImageLayout::chw}) {
        printed.push_back(to_text(layout));
        CHECK(with("image_layout", printed.back()).options.data.image_layout == layout);
    }
    CHECK(printed == choices_of("image_layout"));
}

TEST_CASE("every architecture can be given as a hyperparameter") {
    for (const auto& name : architecture_names()) CHECK(with("model", name).options.model == name);
}
