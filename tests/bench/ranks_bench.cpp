// One rank of a benchmark of training on several; scripts/bench-ranks starts them all and reads rank 0's lines. Every
// way that is compared takes its turn in each round, on all ranks at once; printed are medians over the rounds, in ms.
//
//   ranks_bench step     a step of the airbench net alone, and with gradients summed after and during the backward pass
//   ranks_bench reduce   the airbench net's gradients, summed by bare c10d and by GradientReducer
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "tundish/base/heap.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/distributed/cluster.hpp"
#include "tundish/model/device.hpp"
#include "tundish/model/initialise.hpp"
#include "tundish/train/train_step.hpp"

using namespace tundish;

namespace {

struct Settings {
    std::string what = "step";
    ClusterOptions cluster;
    std::int64_t batch = 2000;
    int rounds = 5;
    int threads = 1;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

// A network with its step, on batches of the rank's part.
class Way {
  public:
    Way(std::string name, const Settings& settings, Communicator& communicator, const ReducerOptions& reducer)
        : name_(std::move(name)),
          communicator_(communicator),
          samples_(settings.batch / static_cast<std::int64_t>(settings.cluster.hosts.size())),
          recipe_(recipe_of(settings)),
          network_(make_architecture("airbench", {3, 32, 32}, 10), at::kCPU) {
        initialise(network_, 0);
        TrainOptions options;
        options.model = "airbench";
        optimizer_ = std::make_unique<Optimizer>(make_groups(network_, options, recipe_));
        step_ = std::make_unique<TrainStep>(network_, *optimizer_, recipe_, automatic_precision(at::kCPU), 0,
                                            communicator, reducer);
        images_ = at::randn({samples_, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
        labels_ = at::randint(10, {samples_}, at::kLong);
    }

    // Ranks wait for each other at the end in every way, so that it is the gradients alone that make the difference.
    void run(bool counts, Communicator& all) {
        const Stopwatch watch;
        step_->run({images_, labels_}, number_++, samples_ * communicator_.size(), {});
        static_cast<void>(all.any(false));
        if (counts) times_.push_back(1e3 * watch.seconds());
    }

    void report() const { std::cout << name_ << "=" << fixed(median(times_), 3) << '\n'; }

  private:
    static Recipe recipe_of(const Settings& settings) {
        TrainOptions options;
        options.model = "airbench";
        options.batch_size = settings.batch;
        return make_recipe(options, 50000);
    }

    std::string name_;
    Communicator& communicator_;
    std::int64_t samples_;
    Recipe recipe_;
    Network network_;
    std::unique_ptr<Optimizer> optimizer_;
    std::unique_ptr<TrainStep> step_;
    at::Tensor images_, labels_;
    std::int64_t number_ = 0;
    std::vector<double> times_;
};

void bench_steps(const Settings& settings, Communicator& communicator) {
    SoloCommunicator solo;
    std::vector<std::unique_ptr<Way>> ways;
    ways.push_back(std::make_unique<Way>("alone", settings, solo, ReducerOptions{}));
    if (communicator.size() > 1) {
        ways.push_back(std::make_unique<Way>("after", settings, communicator, ReducerOptions{.overlap = false}));
        ways.push_back(std::make_unique<Way>("during", settings, communicator, ReducerOptions{}));
    }
    for (int round = 0; round <= settings.rounds; ++round) {
        for (const auto& way : ways) {
            static_cast<void>(communicator.any(false));  // all begin together
            way->run(round > 0, communicator);
        }
    }
    for (const auto& way : ways) way->report();
}

// The airbench net's parameters, whose gradients are themselves: a backward pass that costs one copy.
std::vector<at::Tensor> made_up_parameters() {
    const Network network(make_architecture("airbench", {3, 32, 32}, 10), at::kCPU);
    std::vector<at::Tensor> parameters;
    for (const auto& parameter : network.parameters())
        parameters.push_back(at::randn_like(parameter.tensor).detach().set_requires_grad(true));
    return parameters;
}

void backward(const std::vector<at::Tensor>& parameters) {
    auto loss = at::zeros({});
    for (const auto& parameter : parameters) {
        parameter.mutable_grad().reset();
        loss = loss + parameter.square().sum();
    }
    loss.backward();
}

c10::intrusive_ptr<c10d::ProcessGroupGloo> bare_gloo(const ClusterOptions& cluster) {
    c10d::TCPStoreOptions wanted;
    wanted.port = static_cast<std::uint16_t>(cluster.port + 1);
    wanted.isServer = cluster.rank == 0;
    wanted.waitWorkers = false;
    wanted.useLibUV = false;
    const auto store = c10::make_intrusive<c10d::TCPStore>(cluster.hosts[0], wanted);
    auto options = c10d::ProcessGroupGloo::Options::create(std::chrono::minutes(1));
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(cluster.network_interface));
    return c10::make_intrusive<c10d::ProcessGroupGloo>(store, cluster.rank, static_cast<int>(cluster.hosts.size()),
                                                       options);
}

// Buffers of a quarter of all gradients, as GradientReducer makes them.
std::vector<at::Tensor> flat_buffers(const std::vector<at::Tensor>& parameters) {
    std::int64_t all = 0;
    for (const auto& parameter : parameters) all += parameter.numel();
    std::vector<at::Tensor> buffers;
    for (int i = 0; i < 4; ++i) buffers.push_back(at::randn({all * (i + 1) / 4 - all * i / 4}));
    return buffers;
}

void bench_reduction(const Settings& settings, Communicator& communicator) {
    const auto plain = made_up_parameters();
    const auto ours = made_up_parameters();
    GradientReducer reducer(communicator, ours);
    const auto bare = bare_gloo(settings.cluster);
    const auto buffers = flat_buffers(plain);
    std::vector<double> bare_times;
    std::vector<double> our_times;
    const auto with_bare = [&] {
        backward(plain);
        std::vector<c10::intrusive_ptr<c10d::Work>> works;
        for (const auto& buffer : buffers) {
            std::vector<at::Tensor> one{buffer};
            works.push_back(bare->allreduce(one));
        }
        for (const auto& work : works) work->wait();
    };
    const auto with_ours = [&] {
        reducer.begin(at::zeros({3}, at::kLong));
        backward(ours);
        reducer.finish();
    };
    for (int round = 0; round <= settings.rounds; ++round) {
        for (const bool is_bare : {true, false}) {
            static_cast<void>(communicator.any(false));
            const Stopwatch watch;
            if (is_bare) {
                with_bare();
            } else {
                with_ours();
            }
            if (round > 0) (is_bare ? bare_times : our_times).push_back(1e3 * watch.seconds());
        }
        for (const auto& buffer : buffers) buffer.mul_(0.5);  // or they would grow for ever
    }
    std::cout << "bare=" << fixed(median(bare_times), 3) << "\nours=" << fixed(median(our_times), 3) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
    keep_freed_memory();
    Settings settings;
    settings.cluster.hosts.clear();
    settings.cluster.network_interface = "lo";
    CLI::App app("benchmark of ranks");
    app.add_option("what", settings.what)->required();
    app.add_option("--hosts", settings.cluster.hosts)->delimiter(',')->required();
    app.add_option("--rank", settings.cluster.rank);
    app.add_option("--interface", settings.cluster.network_interface);
    app.add_option("--port", settings.cluster.port);
    app.add_option("--batch", settings.batch);
    app.add_option("--rounds", settings.rounds);
    app.add_option("--threads", settings.threads);
    CLI11_PARSE(app, argc, argv);
    set_up_device(at::kCPU, settings.threads, /*deterministic=*/false);
    const auto communicator = join_cluster(settings.cluster);
    if (settings.what == "step") {
        bench_steps(settings, *communicator);
    } else {
        bench_reduction(settings, *communicator);
    }
    communicator->leave();
}
