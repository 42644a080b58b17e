#include "served_model.hpp"

#include <algorithm>

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/processors.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

namespace tundish {

using std::chrono::milliseconds;

int worker_count(const ServeOptions& options) {
    return options.workers > 0 ? options.workers : usable_processors();
}

int worker_count(const ServeOptions& options, const ClassifierFacts& facts) {
    constexpr int kOnGpu = 2;
    return options.workers == 0 && facts.on_gpu ? kOnGpu : worker_count(options);
}

std::unique_ptr<ServedModel> load_served_model(const ServeOptions& options, const LoadClassifier& load,
                                               ServeMetrics& metrics, std::function<void(const std::string&)> lost) {
    auto model = std::make_unique<ServedModel>();
    const int workers = worker_count(options);
    const int threads = std::max(1, usable_processors() / workers);
    model->classifier =
        load({.threads = threads, .largest_batch = options.largest_batch, .arithmetic = options.arithmetic});
    const ClassifierFacts& facts = model->classifier->facts();
    model->may_compute_anywhere = facts.only_arithmetic && threads == 1;
    EngineOptions engine{.workers = worker_count(options, facts),
                         .largest_batch = options.largest_batch,
                         .most_requests = options.most_requests,
                         .fills_batches = facts.on_gpu,
                         .batch_delay = options.batch_delay};
    const auto& counts = model->counts;
    EngineEvents events{.waited =
                            [&](double seconds) {
                                if (counts) metrics.observe(ServePhase::queue, seconds);
                            },
                        .computed =
                            [&](std::size_t images, double seconds) {
                                if (!counts) return;
                                metrics.observe(ServePhase::inference, seconds);
                                metrics.observe_batch(images);
                            },
                        .lost = std::move(lost)};
    model->engine = std::make_unique<Engine>(*model->classifier, engine, std::move(events));
    return model;
}

namespace {

PixelBatch grey_images(const ServedModel& model, std::size_t images) {
    const ImageShape& shape = model.classifier->facts().input;
    return {shape, images, std::vector<float>(images * shape.pixels(), 127.0F)};
}

// All workers compute at once, as they do under load; on a GPU the first would take the images of all. The second pass
// counts: TorchScript may compile in the first.
double seconds_of_pass(const ServedModel& model, std::size_t images, const ServeOptions& options) {
    const ClassifierFacts& facts = model.classifier->facts();
    const auto all = facts.on_gpu ? images : images * static_cast<std::size_t>(worker_count(options, facts));
    double seconds = 0;
    for (int i = 0; i < 2; ++i) {
        const Stopwatch watch;
        model.engine->classify(grey_images(model, all), Engine::Clock::now() + options.stuck_time);
        seconds = watch.seconds();
    }
    return seconds;
}

}  // namespace

void warm_up(const ServedModel& model, const ServeOptions& options) {
    try {
        model.engine->classify(grey_images(model, 1), Engine::Clock::now() + options.stuck_time);
    } catch (const RequestError& error) {
        if (error.status() != 503) throw MachineError(text("the first forward pass failed: ", error.what()));
        throw MachineError(text("the first forward pass did not end within ", options.stuck_time.count(), " ms"));
    }
}

void fit_batch(ServedModel& model, const ServeOptions& options) {
    constexpr double kLongestPass = 2, kMoment = 0.005;
    std::size_t images = 1;
    double seconds = seconds_of_pass(model, images, options);
    model.computes_at_once = model.may_compute_anywhere && seconds < kMoment && options.batch_delay.count() == 0;
    if (model.computes_at_once) model.engine->let_callers_compute();
    const bool quick = seconds * static_cast<double>(options.largest_batch) <= kLongestPass;
    while (!quick && 2 * seconds <= kLongestPass && 2 * images <= options.largest_batch) {
        images *= 2;
        seconds = seconds_of_pass(model, images, options);
    }
    constexpr double kFarTooLong = 10;
    model.stuck_time =
        std::max(options.stuck_time, milliseconds(static_cast<std::int64_t>(kFarTooLong * 1000 * seconds)));
    model.counts = true;
    if (quick || 2 * images > options.largest_batch) return;
    model.engine->limit_batch(images);
    log_info(text("a forward pass of ", images, images == 1 ? " image takes " : " images takes ", fixed(seconds, 1),
                  " s: batches have no more, so that other requests are not kept waiting"));
}

std::string describe(const ServedModel& model, const ServeOptions& options) {
    const ClassifierFacts& facts = model.classifier->facts();
    return text(facts.architecture.empty() ? "a TorchScript model" : facts.architecture, " with ",
                facts.class_names.size(), " classes for ", to_text(facts.input), " images, ", facts.precision, ", ",
                worker_count(options, facts), " workers; ", facts.engine);
}

}  // namespace tundish
