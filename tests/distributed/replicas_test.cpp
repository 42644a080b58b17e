// Ranks as threads, each with a model of its own, as they stay equal and share out what they hold.
#include "support/rank_threads.hpp"
#include "support/stopped_child.hpp"
#include "support/tiny_data.hpp"
#include "support/torch_catch.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "tundish/distributed/gather.hpp"
#include "tundish/model/initialise.hpp"
#include "tundish/train/evaluator.hpp"
#include "tundish/train/recipe.hpp"
#include "tundish/train/train_step.hpp"
#include "tundish/train/unite.hpp"

using namespace tundish;
using tundish::testing::as_ranks;
using tundish::testing::expect;
using tundish::testing::stop_ends;
using tundish::testing::tiny_samples;

namespace {

std::string bytes_of(const Network& network) {
    std::string bytes;
    for (const auto& parameter : network.parameters()) {
        const auto values = parameter.tensor.detach().contiguous();
        bytes.append(static_cast<const char*>(values.const_data_ptr()), static_cast<std::size_t>(values.nbytes()));
    }
    return bytes;
}

}  // namespace

TEST_CASE("replicas are equal bit for bit after 100 steps") {
    for (const auto kind : {OptimizerKind::muon, OptimizerKind::adam}) {
        std::vector<std::string> ends(2);
        as_ranks(2, [&](Communicator& communicator) {
            TrainOptions options;
            options.model = "lenet";
            options.optimizer = kind;
            const Recipe recipe = make_recipe(options, 160);
            Network network(make_architecture("lenet", {3, 32, 32}, 4), at::kCPU);
            initialise(network, 0);
            Optimizer optimizer(make_groups(network, options, recipe));
            TrainStep step(network, optimizer, recipe, at::kFloat, 0, communicator);
            const auto samples = tiny_samples(16, 4, {3, 32, 32}, 10 + static_cast<std::uint64_t>(communicator.rank()));
            const auto preprocess = measure(samples);
            const BatchMaker::Batch batch{normalise(pixel_view(samples), preprocess), label_view(samples)};
            for (int i = 0; i < 100; ++i) {
                const auto outcome = step.run(batch, i, 32, {});
                expect(outcome.samples == 32, "the samples of both");
                expect(outcome.counted, "a step that counts");
            }
            ends[static_cast<std::size_t>(communicator.rank())] = bytes_of(network);
        });
        CHECK(ends[0] == ends[1]);
        CHECK_FALSE(ends[0].empty());
    }
}

TEST_CASE("a stop in the middle of an evaluation ends it on all ranks, also on those that have done their part") {
    const auto evaluate_for_ever = [] {
        at::set_num_threads(1);  // libgomp's other threads are not there after a fork
        as_ranks(2, [](Communicator& communicator) {
            Network network(make_architecture("lenet", {3, 12, 12}, 4), at::kCPU);
            initialise(network, 0);
            const std::int64_t samples = communicator.rank() == 0 ? 0 : 1'000'000'000;
            const auto pixels = at::zeros({1, 3, 12, 12}, at::kByte).expand({samples, 3, 12, 12});
            const auto labels = at::zeros({1}, at::kLong).expand({samples});
            evaluate(network, measure(tiny_samples(8, 4, {3, 12, 12})), pixels, labels, {}, communicator);
        });
    };
    CHECK(stop_ends(evaluate_for_ever, std::chrono::milliseconds(500)));
}

TEST_CASE("what one rank says holds for all; a step that a stop cut short changes nothing") {
    as_ranks(3, [&](Communicator& communicator) {
        TrainOptions options;
        options.model = "lenet";
        const Recipe recipe = make_recipe(options, 160);
        Network network(make_architecture("lenet", {3, 32, 32}, 4), at::kCPU);
        initialise(network, 0);
        Optimizer optimizer(make_groups(network, options, recipe));
        TrainStep step(network, optimizer, recipe, at::kFloat, 0, communicator);
        const auto samples = tiny_samples(8);
        const BatchMaker::Batch full{normalise(pixel_view(samples), measure(samples)), label_view(samples)};
        const bool last = communicator.rank() == 2;
        const std::string before = bytes_of(network);

        auto outcome = step.run(last ? BatchMaker::Batch{} : full, 0, 24, {.stop = last});
        expect(outcome.notice.stop, "the stop known to all");
        expect(!outcome.counted, "a step that does not count");
        expect(bytes_of(network) == before, "the weights from before");
        expect(step.take_totals().loss_sum == 0.0, "no loss counted");

        outcome = step.run(full, 0, 24, {.stop = last, .out_of_time = !last});
        expect(outcome.notice.stop, "the stop known to all");
        expect(outcome.notice.out_of_time, "the time known to all");
        expect(outcome.counted, "a step that counts");  // whole, so it counts
        expect(bytes_of(network) != before, "other weights");

        outcome = step.run({}, 1, 24, {});
        expect(outcome.samples == 0, "no samples");
        expect(!outcome.counted, "a step that does not count");
    });
}

TEST_CASE("gathered words come in the order of ranks, empty ones too") {
    as_ranks(3, [&](Communicator& communicator) {
        const std::string own =
            communicator.rank() == 1 ? "" : std::string(3, static_cast<char>('a' + communicator.rank()));
        expect(gather(communicator, own) == std::vector<std::string>{"aaa", "", "ccc"}, "three words");
        expect(gather(communicator, std::int64_t{communicator.rank() * 5}) == std::vector<std::int64_t>{0, 5, 10},
               "three numbers");
    });
}

TEST_CASE("shards with different classes become one data set") {
    as_ranks(3, [&](Communicator& communicator) {
        TrainingData data;
        data.train_sharded = true;
        if (communicator.rank() == 1) {
            data.train = tiny_samples(0, 0);
            data.train.shape = {};
        } else {
            data.train = tiny_samples(10, 2);
            data.train.class_names = communicator.rank() == 0 ? std::vector<std::string>{"cat", "owl"}
                                                              : std::vector<std::string>{"bee", "cat"};
        }
        if (communicator.rank() == 2) data.validation = tiny_samples(4, 2);
        if (communicator.rank() == 2) data.validation->class_names = {"cat", "owl"};
        const auto before = data.train.labels;
        unite(data, 0, communicator);
        expect(data.train.class_names == std::vector<std::string>{"bee", "cat", "owl"}, "all classes, sorted");
        expect(data.train.shape == ImageShape{3, 32, 32}, "the shape of the others");
        expect(data.validation.has_value(), "a validation set");
        expect(data.validation->class_names == data.train.class_names, "the same classes for validation");
        expect(data.validation->size() == (communicator.rank() == 2 ? 4 : 0), "nothing more to validate on");
        const std::int64_t shift = communicator.rank() == 0 ? 1 : 0;
        for (std::size_t i = 0; i < before.size(); ++i)
            expect(data.train.labels[i] == before[i] + shift, "labels that follow their class");
    });
}

TEST_CASE("class names that one rank alone has are everybody's, also those beside validation samples") {
    const std::vector<std::string> names{"zebra", "ape", "owl"};  // label k is the k-th
    const bool beside_validation = GENERATE(false, true);
    as_ranks(3, [&](Communicator& communicator) {
        TrainingData data;
        data.train = tiny_samples(communicator.rank() == 2 ? 0 : 6, 3);
        name_classes(data.train, {}, communicator.rank() == 2 ? 0 : 10);  // CIFAR has ten unless its names say so
        if (beside_validation && communicator.rank() == 2) {
            data.validation = tiny_samples(4, 3);
            name_classes(*data.validation, names, 0);
        }
        if (!beside_validation && communicator.rank() == 1) name_classes(data.train, names, 0);
        const auto before = data.train.labels;
        unite(data, 3, communicator);
        expect(data.train.class_names == names, "the names, in their order");
        expect(data.train.labels == before, "labels as they were");
        expect(!beside_validation || data.validation->class_names == names, "the same for validation");
    });
}

TEST_CASE("a host's part of the validation channel may hold some of the classes, and no host any of another") {
    as_ranks(2, [&](Communicator& communicator) {
        TrainingData data;
        data.train = tiny_samples(6, 3);
        data.train.class_names = {"ape", "bee", "cat"};
        data.validation = tiny_samples(4, 1);
        data.validation->class_names = {communicator.rank() == 0 ? "ape" : "cat"};
        unite(data, 3, communicator);
        expect(data.validation->labels == std::vector<std::int64_t>(4, 2 * communicator.rank()), "labels by name");
    });
}

TEST_CASE("folders named by numbers are names: those of all ranks together") {
    as_ranks(2, [&](Communicator& communicator) {
        TrainingData data;
        data.train = tiny_samples(6, 2);
        data.train.class_names =
            communicator.rank() == 0 ? std::vector<std::string>{"0", "1"} : std::vector<std::string>{"2", "3"};
        const auto before = data.train.labels;
        unite(data, 0, communicator);
        expect(data.train.class_names == std::vector<std::string>{"0", "1", "2", "3"}, "four classes");
        for (std::size_t i = 0; i < before.size(); ++i)
            expect(data.train.labels[i] == before[i] + 2 * communicator.rank(), "labels that follow their class");
    });
}

TEST_CASE("shards that do not fit together are refused on every rank") {
    const auto refusal = [](TrainingData& data, Communicator& communicator, std::int64_t classes = 0) -> std::string {
        try {
            unite(data, classes, communicator);
        } catch (const DataError& error) {
            return error.what();
        }
        return "nothing was refused";
    };
    as_ranks(2, [&](Communicator& communicator) {
        TrainingData data;
        data.train_sharded = true;
        data.train = tiny_samples(4, 4, communicator.rank() == 0 ? ImageShape{3, 32, 32} : ImageShape{3, 28, 28});
        const auto found = refusal(data, communicator);
        expect(found.find("different sizes") != std::string::npos, found);
        TrainingData nothing;
        const auto none = refusal(nothing, communicator);
        expect(none.find("found none on any host") != std::string::npos, none);
        TrainingData unseen;
        unseen.train = tiny_samples(4, 2);
        unseen.validation = tiny_samples(communicator.rank() == 0 ? 0 : 4, 2);
        if (communicator.rank() == 1) unseen.validation->class_names[1] = "yak";
        const auto yak = refusal(unseen, communicator);
        expect(yak.find("class 'yak' is in no host's train channel") != std::string::npos, yak);
        if (communicator.rank() == 1) name_classes(*unseen.validation, {}, 10);
        if (communicator.rank() == 1) unseen.validation->labels[0] = 7;
        const auto seven = refusal(unseen, communicator);
        expect(seven.find("label 7, outside of 0..1") != std::string::npos, seven);
        unseen.validation = tiny_samples(0, 2);
        const auto empty = refusal(unseen, communicator);
        expect(empty.find("the validation channel: expected samples, found none on any host") != std::string::npos,
               empty);
        TrainingData mixed;
        mixed.train = tiny_samples(4, 2);
        if (communicator.rank() == 1) name_classes(mixed.train, {}, 2);
        if (communicator.rank() == 0) mixed.train.class_names = {"yak", "ape"};
        unite(mixed, 0, communicator);
        expect(mixed.train.class_names == std::vector<std::string>{"yak", "ape"}, "a list of names for labels");
        TrainingData few;
        few.train = tiny_samples(4, 2);
        const auto more = refusal(few, communicator, 3);
        expect(more.find("expected 3 classes (num_classes), found 2 names") != std::string::npos, more);
        if (communicator.rank() == 1) name_classes(few.train, {}, 10);
        if (communicator.rank() == 1) few.train.labels[0] = 4;
        const auto labels = refusal(few, communicator);
        expect(labels.find("expected 5 classes (the labels of hosts without") != std::string::npos, labels);
    });
}
