// inference_bench - images per second of the engine that serves, beside plain LibTorch, on one model folder.
//
//   inference_bench MODEL_FOLDER [ROUNDS]
//   inference_bench --engine MODEL_FOLDER WORKERS BATCH SECONDS [fp32]
//
// The second form prints one number: images per second of WORKERS threads that each run our engine alone, in the
// arithmetic that it chooses or in fp32.
//
// Each round times, for batches of 1 to 64 images and 1 to all threads, our engine and model.pt run by LibTorch, one
// after the other. Prints medians and the ratio. The images are noise, as those of scripts/bench-serve.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tundish/base/processors.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/model/classifier.hpp"
#include "tundish/model/device.hpp"
#include "tundish/model/predictor.hpp"

namespace {

using namespace tundish;

template <typename Body>
double images_per_second(std::size_t batch, const Body& body) {
    const std::size_t calls = std::max<std::size_t>(3, 96 / batch);
    body();
    const Stopwatch watch;
    for (std::size_t call = 0; call < calls; ++call) body();
    return static_cast<double>(calls * batch) / watch.seconds();
}

std::vector<float> noise(std::size_t values) {
    std::mt19937 source(1);
    std::vector<float> pixels(values);
    for (float& pixel : pixels) pixel = static_cast<float>(source() % 256);
    return pixels;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void compare(const std::string& folder, std::size_t batch, int threads, int rounds) {
    const auto engine = load_classifier(folder, {.threads = threads, .largest_batch = 64});
    const Predictor script(folder);
    const auto& shape = engine->facts().input;
    const std::vector<float> pixels = noise(batch * shape.pixels());
    std::vector<float> probabilities(batch * engine->facts().class_names.size());
    const auto planes = at::from_blob(const_cast<float*>(pixels.data()),
                                      {static_cast<std::int64_t>(batch), shape.channels, shape.height, shape.width});
    std::vector<double> ours, theirs, ratios;
    at::set_num_threads(threads);
    for (int round = 0; round < rounds; ++round) {
        ours.push_back(images_per_second(batch, [&] { engine->classify(pixels.data(), batch, probabilities.data()); }));
        theirs.push_back(images_per_second(batch, [&] { static_cast<void>(script.raw_outputs(planes)); }));
        ratios.push_back(ours.back() / theirs.back());
    }
    std::printf("batch %3zu, %d threads: ours %8.1f, model.pt %8.1f images/s, ratio %.2f\n", batch, threads,
                median(ours), median(theirs), median(ratios));
}

// As `serve` runs it: a thread for each worker, one OpenMP thread in each.
double images_per_second_of_workers(const std::string& folder, int workers, std::size_t batch, double seconds,
                                    Arithmetic arithmetic) {
    const auto engine = load_classifier(folder, {.threads = 1, .largest_batch = batch, .arithmetic = arithmetic});
    const std::vector<float> pixels = noise(batch * engine->facts().input.pixels());
    std::atomic<std::size_t> images{0};
    const Stopwatch watch;
    std::vector<std::thread> threads;
    for (int worker = 0; worker < workers; ++worker) {
        threads.emplace_back([&] {
            std::vector<float> probabilities(batch * engine->facts().class_names.size());
            while (watch.seconds() < seconds) {
                engine->classify(pixels.data(), batch, probabilities.data());
                images += batch;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    return static_cast<double>(images) / watch.seconds();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return std::fprintf(stderr, "usage: inference_bench MODEL_FOLDER [ROUNDS]\n"), 2;
    set_up_device(at::kCPU, 0, false);
    if (std::string(argv[1]) == "--engine" && argc >= 6) {
        const bool exact = argc > 6 && std::string(argv[6]) == "fp32";
        const double found =
            images_per_second_of_workers(argv[2], std::stoi(argv[3]), static_cast<std::size_t>(std::stoi(argv[4])),
                                         std::stod(argv[5]), exact ? Arithmetic::fp32 : Arithmetic::automatic);
        std::printf("%.1f\n", found);
        return 0;
    }
    const int rounds = argc > 2 ? std::stoi(argv[2]) : 5;
    for (const int threads : {1, usable_processors()}) {
        for (const std::size_t batch : {1, 2, 4, 8, 16, 32, 64}) compare(argv[1], batch, threads, rounds);
    }
}
