// The table's words for enumerations are those that the floors below print.
#include "support/catch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/record_reader.hpp"
#include "tundish/model/architecture.hpp"
#include "tundish/sagemaker/hyperparameters.hpp"

using namespace tundish;

namespace {

JobSettings with(const std::string& name, const std::string& value) {
    return parse_hyperparameters(text("{\"", name, "\":\"", value, "\"}"));
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

TEST_CASE("a printed data format can be given as a hyperparameter") {
    for (const auto format : {DataFormat::automatic, DataFormat::cifar10, DataFormat::cifar100,
                              DataFormat::image_folder, DataFormat::lst}) {
        CHECK(with("data_format", to_text(format)).options.data.format == format);
    }
}

TEST_CASE("every architecture can be given as a hyperparameter") {
    for (const auto& name : architecture_names()) CHECK(with("model", name).options.model == name);
}
