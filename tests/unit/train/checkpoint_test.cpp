#include <filesystem>
#include <fstream>

#include "support/temp_folder.hpp"
#include "support/torch_catch.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/train/checkpoint.hpp"

using namespace tundish;
using tundish::testing::TempFolder;

namespace {

TrainingState state_at(std::int64_t step) {
    TrainingState state;
    state.settings = {{"model", "lenet"}, {"seed", "1"}};
    state.step = step;
    state.epoch_loss_sum = 1.25;
    state.epoch_correct = 7;
    state.best_epoch = 2;
    state.best_accuracy = 0.75;
    EpochReport report;
    report.epoch = 3;
    report.train_loss = 0.123456789012345;
    report.validation = Evaluation{};
    report.validation->accuracy = 0.5;
    report.validation->accuracy_tta = 0.625;
    state.history = {report};
    state.network = {{"w", at::full({2, 3}, static_cast<double>(step))}};
    state.optimizer = {{"first.w", at::ones({2, 3}).contiguous()}};
    state.best = {{"w", at::zeros({2, 3})}};
    return state;
}

const std::map<std::string, std::string> kSettings{{"model", "lenet"}, {"seed", "1"}};

std::size_t files_in(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

}  // namespace

TEST_CASE("what is saved is what is loaded") {
    const TempFolder temp;
    CheckpointFolder folder(temp.path() / "new" / "folder");
    CHECK_FALSE(folder.load_newest(kSettings));
    folder.save(state_at(10));
    folder.save(state_at(20));
    const auto loaded = folder.load_newest(kSettings);
    REQUIRE(loaded);
    CHECK(loaded->step == 20);
    CHECK(loaded->epoch_loss_sum == 1.25);
    CHECK(loaded->epoch_correct == 7);
    CHECK(loaded->best_epoch == 2);
    CHECK(loaded->network[0].tensor.equal(at::full({2, 3}, 20.0)));
    CHECK(loaded->optimizer[0].name == "first.w");
    REQUIRE(loaded->history.size() == 1);
    CHECK(loaded->history[0].train_loss == 0.123456789012345);
    CHECK(loaded->history[0].validation->accuracy_tta == 0.625);
}

TEST_CASE("five are kept, and one that is being uploaded is never deleted") {
    const TempFolder temp;
    CheckpointFolder folder(temp.path());
    folder.save(state_at(1));
    temp.write("checkpoint-1.pt.sagemaker-uploading", "");
    folder.save(state_at(2));
    temp.write("checkpoint-2.pt.sagemaker-uploading", "");
    temp.write("checkpoint-2.pt.sagemaker-uploaded", "");
    for (std::int64_t step = 3; step <= 9; ++step) folder.save(state_at(step));
    CHECK(std::filesystem::exists(temp.path() / "checkpoint-1.pt"));
    CHECK_FALSE(std::filesystem::exists(temp.path() / "checkpoint-2.pt"));
    CHECK_FALSE(std::filesystem::exists(temp.path() / "checkpoint-4.pt"));
    CHECK(std::filesystem::exists(temp.path() / "checkpoint-5.pt"));
    CHECK(files_in(temp.path()) == 6 + 3);
}

TEST_CASE("a damaged newest checkpoint falls back to the one before, all damaged is an error") {
    const TempFolder temp;
    CheckpointFolder folder(temp.path());
    folder.save(state_at(1));
    folder.save(state_at(2));
    const auto newest = temp.path() / "checkpoint-2.pt";
    const std::string whole = read_file(newest);
    for (const std::size_t size : {std::size_t{0}, std::size_t{10}, whole.size() / 2, whole.size() - 1}) {
        std::ofstream(newest, std::ios::binary) << whole.substr(0, size);
        INFO("cut to " << size);
        CHECK(folder.load_newest(kSettings)->step == 1);
    }
    std::string flipped = whole;
    flipped[whole.size() / 2] ^= 4;
    std::ofstream(newest, std::ios::binary) << flipped;
    CHECK(folder.load_newest(kSettings)->step == 1);
    std::filesystem::resize_file(temp.path() / "checkpoint-1.pt", 30);
    REQUIRE_THROWS_WITH(folder.load_newest(kSettings), contains_text("no checkpoint") && contains_text("is whole"));
}

TEST_CASE("a checkpoint of another job is refused, naming each difference") {
    const TempFolder temp;
    CheckpointFolder folder(temp.path());
    folder.save(state_at(1));
    REQUIRE_THROWS_WITH(folder.load_newest({{"model", "resnet9"}, {"seed", "1"}}),
                        contains_text("model=lenet there, resnet9 here") &&
                            contains_text("To start anew remove " + temp.path().string()));
}

TEST_CASE("temporaries of a killed process are removed, other files are left alone") {
    const TempFolder temp;
    temp.write("checkpoint-3.pt.123.sagemaker-ignore", "half");
    temp.write("notes.txt", "mine");
    CheckpointFolder folder(temp.path());
    CHECK_FALSE(std::filesystem::exists(temp.path() / "checkpoint-3.pt.123.sagemaker-ignore"));
    CHECK(std::filesystem::exists(temp.path() / "notes.txt"));
    CHECK_FALSE(folder.load_newest(kSettings));
}
