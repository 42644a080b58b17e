#pragma once

#include <filesystem>
#include <string>

#include "tundish/data/sample_set.hpp"
#include "tundish/distributed/communicator.hpp"
#include "tundish/train/epoch_report.hpp"
#include "tundish/train/options.hpp"
#include "tundish/train/recipe.hpp"
#include "tundish/train/reporters.hpp"

namespace tundish {

/// Where a job leaves its results.
struct TrainingPaths {
    std::filesystem::path model;
    std::filesystem::path checkpoints;
    ReportPaths reports;
};

/// How a job ended.
struct TrainingResult {
    bool stopped = false;         ///< by SIGTERM: a checkpoint was written, a later start continues
    bool has_model = false;       ///< a verified artifact lies in the model folder
    Evaluation final_evaluation;  ///< of the artifact's weights; samples is 0 without validation data
};

/// Refuses what can be refused before data are read: a precision that this device lacks, an image_shape that is too
/// small for the model. Throws one ConfigError for all.
void refuse_the_impossible(const TrainOptions& options);

/// Trains one rank from start, or from the newest checkpoint, to the end. Prints the log and metric lines, keeps the
/// best model so far in the model folder from the first evaluation on, and verifies the final artifact by loading it
/// again. Throws ConfigError, DataError, ArtifactError or MachineError.
TrainingResult train(const TrainOptions& options, const TrainingData& data, const TrainingPaths& paths,
                     Communicator& communicator);

/// The number of hosts in a world.
int hosts_of(const Communicator& communicator);

/// True, with a line in the log, when the newest checkpoint says that the job has ended and the model folder holds its
/// whole artifact: a job whose data come as a stream need not wait for them again. Throws ArtifactError when the
/// checkpoint was made with other settings, as far as they do not depend on the data.
bool already_finished(const TrainOptions& options, const TrainingPaths& paths, int hosts);

}  // namespace tundish
