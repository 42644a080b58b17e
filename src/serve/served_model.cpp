#include "served_model.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/processors.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

namespace tundish {

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
    EngineOptions engine{.workers = worker_count(options, facts),
                         .largest_batch = options.largest_batch,
                         .most_requests = options.most_requests,
                         .fills_batches = facts.on_gpu,
                         .batch_delay = options.batch_delay};
    EngineEvents events{.waited = [&metrics](double seconds) { metrics.observe(ServePhase::queue, seconds); },
                        .computed =
                            [&metrics](std::size_t images, double seconds) {
                                metrics.observe(ServePhase::inference, seconds);
                                metrics.observe_batch(images);
                            },
                        .lost = std::move(lost)};
    model->engine = std::make_unique<Engine>(*model->classifier, engine, std::move(events));
    return model;
}

void warm_up(const ServedModel& model, const ServeOptions& options) {
    const ImageShape& shape = model.classifier->facts().input;
    PixelBatch grey{shape, 1, std::vector<float>(shape.pixels(), 127.0F)};
    try {
        model.engine->classify(std::move(grey), Engine::Clock::now() + options.stuck_time);
    } catch (const RequestError& error) {
        if (error.status() != 503) throw MachineError(text("the first forward pass failed: ", error.what()));
        throw MachineError(text("the first forward pass did not end within ", options.stuck_time.count(), " ms"));
    }
}

std::string describe(const ServedModel& model, const ServeOptions& options) {
    const ClassifierFacts& facts = model.classifier->facts();
    return text(facts.architecture.empty() ? "a TorchScript model" : facts.architecture, " with ",
                facts.class_names.size(), " classes for ", to_text(facts.input), " images, ", facts.precision, ", ",
                worker_count(options, facts), " workers; ", facts.engine);
}

}  // namespace tundish
