#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "tundish/serve/endpoint.hpp"
#include "tundish/serve/engine.hpp"
#include "tundish/serve/serve_metrics.hpp"

namespace tundish {

/// The model and the engine that runs it, once it is ready.
struct ServedModel {
    std::unique_ptr<Classifier> classifier;
    std::unique_ptr<Engine> engine;
    bool may_compute_anywhere = false;        ///< passes are arithmetic on the thread that calls: any may
    bool computes_at_once = false;            ///< and that of one image takes a moment: callers compute
    std::chrono::milliseconds stuck_time{0};  ///< a forward pass that takes longer is taken for stuck
    std::atomic<bool> counts{false};          ///< passes count in the metrics: those before the first request do not
};

/// How many requests are worked on at once: what the user has said, else one for each processor.
int worker_count(const ServeOptions& options);

/// How many threads compute: as many, but on a GPU two unless the user has said: one copies while the other computes.
int worker_count(const ServeOptions& options, const ClassifierFacts& facts);

/// `lost`: as EngineEvents has it. Throws what `load` throws.
std::unique_ptr<ServedModel> load_served_model(const ServeOptions& options, const LoadClassifier& load,
                                               ServeMetrics& metrics, std::function<void(const std::string&)> lost);

/// Runs a pass through the engine: what has answered once will answer again. Throws MachineError when it fails, or
/// takes longer than stuck_time: the engine is still at work then.
void warm_up(const ServedModel& model, const ServeOptions& options);

/// After warm_up(): finds out how long passes take. Where a full batch would take longer than two seconds batches get
/// fewer images, because other requests wait behind them, and what is slow by itself is not taken for stuck. Where a
/// pass takes a moment and a batch is hardly cheaper, callers may compute.
void fit_batch(ServedModel& model, const ServeOptions& options);

/// One log line: the model, its classes, what computes.
std::string describe(const ServedModel& model, const ServeOptions& options);

}  // namespace tundish
