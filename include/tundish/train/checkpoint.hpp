#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tundish/model/network.hpp"
#include "tundish/train/epoch_report.hpp"

namespace tundish {

/// Everything that a later process needs to continue as if it had never stopped. Random numbers need no state: they are
/// drawn from (seed, epoch, sample).
struct TrainingState {
    std::map<std::string, std::string> settings;  ///< must be equal in the job that resumes
    std::int64_t step = 0;                        ///< optimizer steps done
    double epoch_loss_sum = 0.0;                  ///< of the epoch that `step` lies in or ends
    std::int64_t epoch_correct = 0;
    std::int64_t epoch_samples = 0;
    double train_seconds = 0.0;    ///< spent in training steps by all processes so far
    bool finished = false;         ///< the job ended: nothing is left to train
    bool ended_by_rule = false;    ///< by a stop rule (stop_rules.hpp), not by its last epoch or the end of its data
    std::int64_t best_epoch = -1;  ///< -1: nothing evaluated yet
    double best_accuracy = -1.0;
    std::vector<EpochReport> history;  ///< one for each evaluated epoch
    std::vector<NamedTensor> network;
    std::vector<NamedTensor> optimizer;
    std::vector<NamedTensor> best;  ///< weights of best_epoch; empty when they equal `network` or there are none

    void clear_epoch_sums() {
        epoch_loss_sum = 0.0;
        epoch_correct = epoch_samples = 0;
    }
};

/// A folder of checkpoints named checkpoint-<step>.pt, readable with torch.load(weights_only=True), each with a trailer
/// that proves it whole. Knows SageMaker's markers: `.sagemaker-uploading`, `.sagemaker-uploaded`, `.sagemaker-ignore`.
class CheckpointFolder {
  public:
    /// Makes the folder if it is missing and removes temporaries of killed processes. Throws MachineError.
    explicit CheckpointFolder(std::filesystem::path folder);

    /// Writes atomically, then deletes all but the newest five; never one that is being uploaded. Throws MachineError.
    void save(const TrainingState& state);

    /// The newest checkpoint that is whole, or nothing. Damaged ones are named in the log and passed over. Throws
    /// ArtifactError when there are checkpoints but none is whole, and when settings differ from `settings`, naming
    /// each difference.
    [[nodiscard]] std::optional<TrainingState> load_newest(const std::map<std::string, std::string>& settings) const;

  private:
    struct Entry {
        std::int64_t step;
        std::filesystem::path path;
    };
    [[nodiscard]] std::vector<Entry> newest_first() const;
    void delete_old() const;

    std::filesystem::path folder_;
};

}  // namespace tundish
