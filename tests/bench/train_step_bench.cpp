// Prints the images per second of the default job's training step (airbench, Muon, its own augmentation left out) on
// random images: one warm-up step, then --steps timed ones. scripts/bench-train runs it beside its PyTorch twin.
#include <ATen/ATen.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "tundish/base/heap.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/device.hpp"
#include "tundish/model/initialise.hpp"
#include "tundish/train/train_step.hpp"

using namespace tundish;

int main(int argc, char** argv) {
    keep_freed_memory();
    std::int64_t batch_size = 2000;
    int steps = 5;
    int threads = 0;
    CLI::App app("training step benchmark");
    app.add_option("--batch", batch_size);
    app.add_option("--steps", steps);
    app.add_option("--threads", threads);
    CLI11_PARSE(app, argc, argv);
    const auto device = choose_device();
    set_up_device(device, threads, /*deterministic=*/false);
    TrainOptions options;
    options.model = "airbench";
    options.batch_size = batch_size;
    const Recipe recipe = make_recipe(options, 50000);
    const auto images = at::randn({batch_size, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast).to(device);
    const BatchMaker::Batch batch{images, at::randint(10, {batch_size}, at::kLong).to(device)};
    Network network(make_architecture("airbench", {3, 32, 32}, 10), device);
    initialise(network, 0);
    const Preprocess as_they_are{{0, 0, 0}, {1 / 255.0, 1 / 255.0, 1 / 255.0}};
    initialise_whitening(network, images.narrow(0, 0, std::min<std::int64_t>(batch_size, 1000)), as_they_are);
    Optimizer optimizer(make_groups(network, options, recipe));
    SoloCommunicator solo;
    const auto compute = automatic_precision(device);
    TrainStep step(network, optimizer, recipe, compute, 0, solo);
    step.run(batch, 0, batch_size, {});
    step.take_totals();
    const Stopwatch watch;
    for (int i = 1; i <= steps; ++i) step.run(batch, i, batch_size, {});
    step.take_totals();
    std::cout << "images_per_second=" << fixed(static_cast<double>(steps * batch_size) / watch.seconds(), 1)
              << " precision="
              << (compute == at::kBFloat16 ? "bf16"
                  : compute == at::kHalf   ? "fp16"
                                           : "fp32")
              << '\n';
}
