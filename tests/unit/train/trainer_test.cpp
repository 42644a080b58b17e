#include "support/temp_folder.hpp"
#include "support/tiny_data.hpp"
#include "support/torch_catch.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/model/initialise.hpp"
#include "tundish/train/evaluator.hpp"
#include "tundish/train/trainer.hpp"

using namespace tundish;
using tundish::testing::TempFolder;
using tundish::testing::tiny_samples;

namespace {

TrainingData tiny_data() {
    return {tiny_samples(160), tiny_samples(60, 4, {3, 32, 32}, 2)};
}

TrainOptions tiny_options(const std::string& model) {
    TrainOptions options;
    options.model = model;
    options.epochs = 4;
    options.batch_size = 40;
    options.progress = false;
    return options;
}

TrainingResult run(const TrainOptions& options, const TrainingData& data, const TempFolder& folder) {
    log_setup(LogLevel::warning);
    SoloCommunicator communicator;
    return train(options, data, {folder.path() / "model", folder.path() / "checkpoints", {}}, communicator);
}

}  // namespace

TEST_CASE("every model learns the tiny data with its own recipe") {
    for (const std::string model : {"airbench", "resnet9", "keras_cnn", "lenet"}) {
        INFO(model);
        const TempFolder folder;
        auto options = tiny_options(model);
        options.epochs = 6;
        if (model == "resnet9") options.learning_rate = 0.02;
        const auto result = run(options, tiny_data(), folder);
        CHECK(result.has_model);
        CHECK(result.final_evaluation.accuracy > 0.7);  // four classes: chance is 0.25
        CHECK(result.final_evaluation.samples == 60);
    }
}

TEST_CASE("two runs with one seed leave the same bytes, another seed leaves others") {
    const TempFolder a;
    const TempFolder b;
    const TempFolder c;
    auto options = tiny_options("airbench");
    options.epochs = 2;
    run(options, tiny_data(), a);
    run(options, tiny_data(), b);
    options.seed = 1;
    run(options, tiny_data(), c);
    const auto weights = [](const TempFolder& folder) {
        return read_file(folder.path() / "model" / "model.safetensors");
    };
    CHECK(weights(a) == weights(b));
    CHECK(weights(a) != weights(c));
}

TEST_CASE("a resumed job ends with the bytes of one that never stopped") {
    const TempFolder whole;
    const TempFolder halves;
    auto options = tiny_options("keras_cnn");  // has dropout, momentum and running statistics
    run(options, tiny_data(), whole);
    options.max_train_seconds = 1e-9;  // ends before the first step: a job that is finished early on purpose
    // Instead of killing a process (tests/contract does), drop the newest checkpoints of the whole run.
    std::filesystem::copy(whole.path() / "checkpoints", halves.path() / "checkpoints");
    std::filesystem::remove(halves.path() / "checkpoints" / "checkpoint-16.pt");
    std::filesystem::remove(halves.path() / "checkpoints" / "checkpoint-12.pt");
    options.max_train_seconds = 0;
    run(options, tiny_data(), halves);
    CHECK(read_file(whole.path() / "model" / "model.safetensors") ==
          read_file(halves.path() / "model" / "model.safetensors"));
}

TEST_CASE("a finished job run again trains nothing and leaves its model") {
    const TempFolder folder;
    auto options = tiny_options("lenet");
    run(options, tiny_data(), folder);
    const auto before = read_file(folder.path() / "model" / "model.safetensors");
    std::filesystem::remove_all(folder.path() / "model");
    CHECK(run(options, tiny_data(), folder).has_model);
    CHECK(read_file(folder.path() / "model" / "model.safetensors") == before);
}

TEST_CASE("a finished job is known without its data, as long as its model is whole and its settings are the same") {
    const TempFolder folder;
    auto options = tiny_options("lenet");
    const TrainingPaths paths{
        .model = folder.path() / "model", .checkpoints = folder.path() / "checkpoints", .reports = {}};
    CHECK_FALSE(already_finished(options, paths, 1));
    run(options, tiny_data(), folder);
    CHECK(already_finished(options, paths, 1));
    auto other = options;
    other.seed += 1;
    REQUIRE_THROWS_WITH(already_finished(other, paths, 1), contains_text("seed="));
    std::filesystem::resize_file(paths.model / "model.pt", 100);
    CHECK_FALSE(already_finished(options, paths, 1));
}

TEST_CASE("other data is not resumed from") {
    const TempFolder folder;
    auto options = tiny_options("lenet");
    options.epochs = 1;
    run(options, tiny_data(), folder);
    TrainingData other{tiny_samples(160, 4, {3, 32, 32}, 8), std::nullopt};
    REQUIRE_THROWS_WITH(run(options, other, folder), contains_text("data="));
}

TEST_CASE("training without validation data keeps the last weights") {
    const TempFolder folder;
    auto options = tiny_options("lenet");
    options.epochs = 1;
    const auto result = run(options, {tiny_samples(80), std::nullopt}, folder);
    CHECK(result.has_model);
    CHECK(result.final_evaluation.samples == 0);
}

TEST_CASE("a learning rate that diverges is the user's error") {
    const TempFolder folder;
    auto options = tiny_options("lenet");
    options.optimizer = OptimizerKind::sgd;
    options.learning_rate = 1e9;
    REQUIRE_THROWS_WITH(run(options, tiny_data(), folder), contains_text("diverged") && contains_text("learning_rate"));
}

TEST_CASE("evaluation counts each sample once and adds up its confusion matrix") {
    const auto samples = tiny_samples(1203, 4, {3, 12, 12});
    Network network(make_architecture("lenet", samples.shape, 4), at::kCPU);
    initialise(network, 1);
    SoloCommunicator solo;
    const auto preprocess = measure(samples);
    const auto evaluation = evaluate(network, preprocess, pixel_view(samples), label_view(samples),
                                     {.top_k = 4, .test_time_augmentation = true, .confusion = true}, solo);
    CHECK(evaluation.samples == 1203);
    CHECK(evaluation.top_k_accuracy == 1.0);
    std::int64_t all = 0;
    std::int64_t diagonal = 0;
    for (std::size_t row = 0; row < 4; ++row) {
        for (std::size_t column = 0; column < 4; ++column) all += evaluation.confusion[row][column];
        diagonal += evaluation.confusion[row][row];
    }
    CHECK(all == 1203);
    CHECK(evaluation.accuracy == Approx(static_cast<double>(diagonal) / 1203));
    const at::NoGradGuard no_grad;
    const auto logits = network.forward(normalise(pixel_view(samples), preprocess), {});
    CHECK(evaluation.accuracy == Approx(logits.argmax(1).eq(label_view(samples)).sum().item<double>() / 1203));
}
