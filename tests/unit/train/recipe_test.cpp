#include "support/catch.hpp"
#include "tundish/train/epoch_plan.hpp"
#include "tundish/train/recipe.hpp"
#include "tundish/train/stop_rules.hpp"

#include <algorithm>
#include <set>

using namespace tundish;

TEST_CASE("empty options on 50,000 samples are airbench94_muon") {
    const Recipe recipe = make_recipe({}, 50000);
    CHECK(recipe.optimizer == OptimizerKind::muon);
    CHECK(recipe.batch_size == 2000);
    CHECK(recipe.steps_per_epoch == 25);
    CHECK(recipe.total_steps == 200);
    CHECK(recipe.learning_rate == 0.24);
    CHECK(recipe.momentum == 0.6);
    CHECK(recipe.label_smoothing == 0.2);
    CHECK(recipe.schedule == ScheduleKind::linear);
    CHECK(recipe.sum_loss);
    CHECK(recipe.test_time_augmentation);
    CHECK(recipe.flip);
    CHECK(recipe.crop_padding == 2);
}

TEST_CASE("what the user gives wins over the recipe") {
    TrainOptions options;
    options.epochs = 7.59;
    options.batch_size = 1536;
    options.optimizer = OptimizerKind::sgd;
    options.learning_rate = 0.05;
    options.augmentation_type = Augmentation::none;
    options.cutout = 4;
    const Recipe recipe = make_recipe(options, 50000);
    CHECK(recipe.steps_per_epoch == 33);
    CHECK(recipe.total_steps == 250);
    CHECK(recipe.learning_rate == 0.05);
    CHECK(recipe.momentum == 0.9);
    CHECK_FALSE(recipe.sum_loss);
    CHECK_FALSE(recipe.flip);
    CHECK(recipe.crop_padding == 0);
    CHECK(recipe.cutout == 4);
}

TEST_CASE("a batch is never larger than the data") {
    CHECK(make_recipe({}, 300).batch_size == 300);
    CHECK(make_recipe({}, 300).steps_per_epoch == 1);
}

TEST_CASE("resume settings differ when training would differ") {
    TrainOptions options;
    const auto base = resume_settings(options, make_recipe(options, 50000), "fp32");
    options.max_train_seconds = 5;
    CHECK(resume_settings(options, make_recipe(options, 50000), "fp32") == base);
    CHECK(resume_settings(options, make_recipe(options, 50000), "bf16") != base);
    CHECK(base.at("learning_rate") == "0.24");  // as people write it
    options.seed = 1;
    CHECK(resume_settings(options, make_recipe(options, 50000), "fp32") != base);
}

TEST_CASE("an epoch uses every sample once in batches that differ by at most one") {
    const EpochPlan plan(1003, 4, 9, 0);
    std::set<std::int64_t> seen;
    for (std::int64_t batch = 0; batch < 4; ++batch) {
        const auto samples = plan.batch(batch);
        CHECK((samples.size() == 250 || samples.size() == 251));
        seen.insert(samples.begin(), samples.end());
    }
    CHECK(seen.size() == 1003);
    const EpochPlan next(1003, 4, 9, 1);
    CHECK_FALSE(std::equal(plan.batch(0).begin(), plan.batch(0).end(), next.batch(0).begin()));
}

TEST_CASE("parts lie one behind the other, together they are all, and their sizes differ by at most one") {
    for (const std::int64_t samples : {0, 1, 6, 7, 1003}) {
        std::int64_t next = 0;
        for (std::int64_t i = 0; i < 7; ++i) {
            const auto part = part_of(samples, i, 7);
            CHECK(part.begin == next);
            CHECK((part.count == samples / 7 || part.count == (samples + 6) / 7));
            next += part.count;
        }
        CHECK(next == samples);
    }
}

TEST_CASE("ranks share a batch out without gap or overlap") {
    const EpochPlan plan(1003, 4, 9, 0);
    for (const int ranks : {1, 2, 3, 7}) {
        std::vector<std::int64_t> joined;
        for (int rank = 0; rank < ranks; ++rank) {
            const auto part = plan.part(1, rank, ranks);
            CHECK(part.size() >= plan.batch(1).size() / static_cast<std::size_t>(ranks));
            joined.insert(joined.end(), part.begin(), part.end());
        }
        CHECK(std::equal(joined.begin(), joined.end(), plan.batch(1).begin(), plan.batch(1).end()));
    }
}

namespace {

std::vector<EpochReport> with_accuracies(const std::vector<double>& accuracies) {
    std::vector<EpochReport> history;
    for (const double accuracy : accuracies) {
        EpochReport report;
        report.validation = Evaluation{};
        report.validation->accuracy = accuracy;
        history.push_back(report);
    }
    return history;
}

}  // namespace

TEST_CASE("target accuracy and early stopping end training, neither of them too soon") {
    TrainOptions options;
    CHECK(reason_to_stop(options, with_accuracies({0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5})).empty());
    options.target_accuracy = 0.9;
    CHECK(reason_to_stop(options, with_accuracies({0.89})).empty());
    CHECK(reason_to_stop(options, with_accuracies({0.5, 0.9})).find("target_accuracy") != std::string::npos);
    options.target_accuracy = 0.0;
    options.early_stopping = true;
    options.early_stopping_min_epochs = 3;
    options.early_stopping_patience = 2;
    CHECK(reason_to_stop(options, with_accuracies({0.5, 0.5})).empty());
    CHECK_FALSE(reason_to_stop(options, with_accuracies({0.5, 0.5, 0.4})).empty());
    CHECK(reason_to_stop(options, with_accuracies({0.5, 0.4, 0.51})).empty());
    options.early_stopping_tolerance = 0.1;
    CHECK_FALSE(reason_to_stop(options, with_accuracies({0.5, 0.4, 0.51})).empty());
}

TEST_CASE("a job that a rule has ended goes on when the rule is taken back") {
    TrainingState state;
    state.history = with_accuracies({0.5, 0.9});
    state.train_seconds = 100.0;
    TrainOptions options;
    CHECK_FALSE(may_go_on(state, options));
    state.finished = true;
    CHECK_FALSE(may_go_on(state, options));  // by its last epoch
    state.ended_by_rule = true;
    CHECK(may_go_on(state, options));
    options.target_accuracy = 0.9;
    CHECK_FALSE(may_go_on(state, options));
    options.target_accuracy = 0.95;
    CHECK(may_go_on(state, options));
    options.max_train_seconds = 100.0;
    CHECK_FALSE(may_go_on(state, options));
    options.max_train_seconds = 101.0;
    CHECK(may_go_on(state, options));
}

TEST_CASE("what the model's defaults or the images contradict is a problem") {
    TrainOptions options;
    options.model = "lenet";  // ten epochs
    const ImageShape images{3, 32, 40};
    CHECK(problems_with(options, make_recipe(options, 1000), images).empty());
    options.crop_padding = 31;
    options.warmup_epochs = 10;
    CHECK(problems_with(options, make_recipe(options, 1000), images).empty());
    options.crop_padding = 32;
    options.warmup_epochs = 11;
    CHECK(problems_with(options, make_recipe(options, 1000), images).size() == 2);
}

TEST_CASE("a batch may be told for each host, and the learning rate grows with the job's") {
    TrainOptions options;
    options.batch_size_per_host = 100;
    options.learning_rate = 0.01;
    CHECK(make_recipe(options, 50000, 4).batch_size == 400);
    CHECK(make_recipe(options, 50000, 4).learning_rate == Approx(0.01));
    options.scale_learning_rate = true;
    CHECK(make_recipe(options, 50000, 4).learning_rate == Approx(0.04));
    CHECK(make_recipe(options, 200, 4).batch_size == 200);
    CHECK(make_recipe(options, 200, 4).learning_rate == Approx(0.04));  // few samples are no other wish
    options.batch_size = 100;                                           // of the whole job
    CHECK(make_recipe(options, 50000, 4).batch_size == 100);
    CHECK(make_recipe(options, 50000, 4).learning_rate == Approx(0.01));
}

TEST_CASE("the recipe's own learning rate is for its own batch") {
    TrainOptions options;
    const double own = make_recipe(options, 50000).learning_rate;  // for 2,000
    options.scale_learning_rate = true;
    CHECK(make_recipe(options, 50000, 4).learning_rate == Approx(own));
    options.batch_size = 500;
    CHECK(make_recipe(options, 50000, 4).learning_rate == Approx(own / 4));
    options.batch_size.reset();
    options.batch_size_per_host = 1000;
    CHECK(make_recipe(options, 50000, 4).learning_rate == Approx(own * 2));
}

TEST_CASE("one epoch of one step is told in the singular") {
    TrainOptions options;
    options.epochs = 1;
    const auto one = make_recipe(options, 120);
    CHECK_THAT(describe_recipe(options, one), contains_text(", 1 epoch of 1 step, batch "));
    CHECK_THAT(doubts_about(options, one, true).front(), contains_text("only 1 time in all"));
    options.epochs = 0.5;
    CHECK_THAT(describe_recipe(options, make_recipe(options, 50000)), contains_text(", 0.5 epochs of "));
}

TEST_CASE("what is hardly meant is doubted") {
    TrainOptions options;
    CHECK(doubts_about(options, make_recipe(options, 50000), true).empty());
    CHECK(doubts_about(options, make_recipe(options, 120), true) ==
          std::vector<std::string>{"the weights are updated only 8 times in all (epochs=8, batch_size=120); a few "
                                   "hundred updates are usual: lower 'batch_size', such as batch_size=32, or raise "
                                   "'epochs'"});
    options.target_accuracy = 0.5;
    CHECK(doubts_about(options, make_recipe(options, 50000), true).empty());
    CHECK(doubts_about(options, make_recipe(options, 50000), false).size() == 1);
    options.optimizer = OptimizerKind::adam;
    options.momentum = 0.5;
    options.gamma = 0.5;
    options.lr_scheduler_factor = 0.5;
    options.early_stopping_patience = 9;
    CHECK(doubts_about(options, make_recipe(options, 50000), true).size() == 4);
    options.learning_rate = 0.1;
    options.scale_learning_rate = true;
    CHECK(doubts_about(options, make_recipe(options, 50000), true).size() == 5);
}
