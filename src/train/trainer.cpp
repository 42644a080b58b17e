#include "tundish/train/trainer.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "batch_source.hpp"
#include "best_model.hpp"
#include "common_data.hpp"
#include "shares.hpp"
#include "training_setup.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/process_age.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/device.hpp"
#include "tundish/train/checkpoint.hpp"
#include "tundish/train/epoch_plan.hpp"
#include "tundish/train/evaluator.hpp"
#include "tundish/train/progress.hpp"
#include "tundish/train/recipe.hpp"
#include "tundish/train/stop_rules.hpp"
#include "tundish/train/train_step.hpp"

namespace tundish {
namespace {

// The loop of one rank. Reads as the plot: resume, then epochs of steps, evaluation, report and checkpoint, then the
// artifact.
class Trainer {
  public:
    Trainer(const TrainOptions& options, const TrainingData& data, const TrainingPaths& paths,
            Communicator& communicator)
        : options_(options),
          data_(data),
          paths_(paths),
          communicator_(communicator),
          device_(choose_device()),
          compute_(choose_compute(options.precision, device_)),
          shares_(data.train_size(), ranks_with_same_training_samples(data, communicator), communicator),
          at_hand_(data.train.size(), shares_.places(), communicator),
          recipe_(make_recipe(options, shares_.all(), hosts_of(communicator))),
          preprocess_(measure(data.train, at_hand_, communicator)),
          network_(
              make_network(options, data.train, some_of_all(data.train, at_hand_, communicator), preprocess_, device_)),
          optimizer_(make_groups(network_, options, recipe_)),
          step_(network_, optimizer_, recipe_, compute_, static_cast<std::uint64_t>(options.seed), communicator,
                {.wire_dtype = wire_dtype_of(options.gradient_compression)}),
          batches_(make_batch_source(data, shares_, recipe_, preprocess_, options.seed, device_)),
          best_(paths.model, config_of(network_, data.train, options.data, preprocess_, compute_),
                communicator.rank() == 0),
          checkpoints_(paths.checkpoints) {
        if (data.validation) take_part_of(*data.validation);
        if (const auto problems = problems_with(options, recipe_, data.train.shape); !problems.empty())
            throw ConfigError(text("hyperparameters: ", join(problems, "; ")));
    }

    TrainingResult run() {
        if (communicator_.rank() == 0) remove_stale_temporaries(paths_.model);
        announce(options_, recipe_, network_, compute_, data_.validation.has_value());
        refuse_empty_parts();
        resume();
        if (communicator_.rank() == 0)
            reporters_ = make_reporters(paths_.reports, data_.train.class_names, state_.step);
        try {
            while (!state_.finished) run_epoch();
        } catch (const Stopped&) {
            return stopped();
        }
        return finish();
    }

  private:
    void take_part_of(const SampleSet& validation) {
        const int together = ranks_with_same_validation_samples(data_, communicator_);
        const auto [begin, count] = part_of(validation.size(), communicator_.rank() % together, together);
        validation_pixels_ = upload(pixel_view(validation).narrow(0, begin, count), device_);
        validation_labels_ = upload(label_view(validation).narrow(0, begin, count), device_);
    }

    // Batch norm has no statistics of nothing.
    void refuse_empty_parts() const {
        const std::int64_t smallest = shares_.all() / recipe_.steps_per_epoch;
        if (smallest >= communicator_.size()) return;
        throw ConfigError(text("a batch of ", smallest, " samples cannot be shared out among ", communicator_.size(),
                               " ranks. Raise 'batch_size', or take fewer hosts or ranks_per_host."));
    }

    // --- resume and checkpoint ---

    void resume() {
        state_.settings = resume_settings(options_, recipe_, name_of(compute_));
        state_.settings["data"] = fingerprint(data_, communicator_);
        if (data_.stream) state_.settings["shuffle_buffer"] = text(options_.data.shuffle_buffer);  // a pass's order
        // Ranks that hold the same samples share each batch out anew, however many they are.
        state_.settings["world_size"] = shares_.one_group() && !data_.stream ? "any" : text(communicator_.size());
        auto found = communicator_.rank() == 0 ? checkpoints_.load_newest(state_.settings) : std::nullopt;
        found = share_checkpoint(std::move(found), communicator_);
        if (!found) return;
        state_ = std::move(*found);
        network_.load_state(state_.network);
        optimizer_.load_state(state_.optimizer);
        step_.load_scaler(state_.optimizer);
        best_.restore(state_);
        reopen(state_, options_, recipe_);
        log_info(text("resumed from a checkpoint: step ", state_.step, " of ", recipe_.total_steps, ", ",
                      state_.history.size(), state_.history.size() == 1 ? " epoch evaluated" : " epochs evaluated",
                      state_.finished ? "; the job was already finished" : ""));
    }

    void save_checkpoint() {
        if (communicator_.rank() != 0) return;
        state_.network = network_.state();
        state_.optimizer = optimizer_.state();
        for (auto& value : step_.scaler_state()) state_.optimizer.push_back(value);
        const bool current_is_best =
            !state_.history.empty() && state_.best_epoch == state_.history.back().epoch && at_epoch_end_;
        state_.best = current_is_best ? std::vector<NamedTensor>{} : best_.weights();
        checkpoints_.save(state_);
        log_debug(text("checkpoint at step ", state_.step));
    }

    // --- one epoch ---

    // The epoch that the next step belongs to, or whose evaluation is due.
    [[nodiscard]] std::int64_t epoch() const { return static_cast<std::int64_t>(state_.history.size()); }
    [[nodiscard]] std::int64_t epoch_end() const {
        return std::min(recipe_.total_steps, (epoch() + 1) * recipe_.steps_per_epoch);
    }

    void run_epoch() {
        at_epoch_end_ = false;
        train_epoch();
        if (is_without_samples()) return end_before_this_epoch();
        average_statistics();
        EpochReport report = evaluate_epoch();
        keep_if_best(report);
        state_.history.push_back(report);
        at_epoch_end_ = true;
        for (auto& reporter : reporters_) reporter->on_epoch(report);
        decide_whether_finished();
        if (!state_.finished) state_.clear_epoch_sums();  // else they serve a job that goes on after its rule
        if (state_.finished || state_.history.size() % static_cast<std::size_t>(options_.checkpoint_frequency) == 0)
            save_checkpoint();
    }

    void train_epoch() {
        begin_batches();
        Progress progress(epoch(), shares_.all());
        if (options_.max_train_seconds > 0.0) progress.ends_after(options_.max_train_seconds - state_.train_seconds);
        Stopwatch since_totals;
        StepNotice notice;
        while (state_.step < epoch_end() && !notice.out_of_time) {
            const StepOutcome outcome = run_step(next_batch(), since_totals);
            notice = outcome.notice;
            if (notice.stop) {
                add_totals(since_totals);
                throw Stopped(text("step ", state_.step));
            }
            if (!outcome.counted) {
                // A short pass on all ranks: the schedule goes on as it was planned.
                if (!is_without_samples()) state_.step = epoch_end();
                break;
            }
            if (options_.progress && communicator_.rank() == 0) progress.add(outcome.samples);
        }
        add_totals(since_totals);
    }

    // A pass behind the first may be empty on all ranks: the stream's data have ended.
    [[nodiscard]] bool is_without_samples() const { return epoch() > 0 && state_.epoch_samples == 0; }

    // All is as the epoch before has left it.
    void end_before_this_epoch() {
        log_warning(text("training ends after epoch ", epoch() - 1, " of ", std::ceil(recipe_.epochs),
                         " (counted from 0): there are no samples for another one"));
        at_epoch_end_ = true;
        state_.finished = true;
        save_checkpoint();
    }

    // A stop may come while a stream is waited for: the step that tells the others about it has no samples.
    void begin_batches() {
        try {
            batches_->begin_epoch(epoch(), state_.step - epoch() * recipe_.steps_per_epoch);
        } catch (const Stopped&) {
            log_debug("stopped while waiting for the next pass");
        }
    }
    BatchMaker::Batch next_batch() {
        try {
            return batches_->next();
        } catch (const Stopped&) {
            return {};
        }
    }

    StepOutcome run_step(const BatchMaker::Batch& batch, const Stopwatch& since_totals) {
        if (!std::exchange(first_step_announced_, true))
            log_info(
                text("first training step ", fixed(process_age_seconds(), 2), " s after the start of the process"));
        const std::int64_t planned =
            shares_.planned(state_.step - epoch() * recipe_.steps_per_epoch, recipe_.steps_per_epoch);
        const auto notice = notice_of_this_rank(since_totals);
        // A step that this rank must stop before is left to the next start.
        const auto outcome = step_.run(notice.stop ? BatchMaker::Batch{} : batch, state_.step, planned, notice);
        if (!outcome.counted) return outcome;
        ++state_.step;
        state_.epoch_samples += outcome.samples;
        samples_of_process_ += outcome.samples;
        samples_of_rank_ += batch.labels.defined() ? batch.labels.numel() : 0;
        return outcome;
    }

    [[nodiscard]] StepNotice notice_of_this_rank(const Stopwatch& running) const {
        const double seconds = state_.train_seconds + running.seconds();
        return {.stop = stop_requested(),
                .out_of_time = options_.max_train_seconds > 0.0 && seconds >= options_.max_train_seconds};
    }

    void average_statistics() {
        tundish::average_statistics(network_, std::exchange(samples_of_rank_, 0), communicator_);
    }

    void add_totals(Stopwatch& since_totals) {
        const auto totals = step_.take_totals();
        state_.epoch_loss_sum += totals.loss_sum;
        state_.epoch_correct += totals.correct;
        const double seconds = since_totals.seconds();
        state_.train_seconds += seconds;
        epoch_seconds_ += seconds;
        since_totals.restart();
    }

    EpochReport evaluate_epoch() {
        EpochReport report;
        report.epoch = epoch();
        report.epochs = static_cast<std::int64_t>(std::ceil(recipe_.epochs));
        report.step = state_.step;
        report.steps_in_epoch = state_.step - epoch() * recipe_.steps_per_epoch;
        const auto samples = static_cast<double>(std::max<std::int64_t>(1, state_.epoch_samples));
        report.train_loss = state_.epoch_loss_sum / samples;
        report.train_accuracy = static_cast<double>(state_.epoch_correct) / samples;
        report.learning_rate = optimizer_.learning_rate(std::max<std::int64_t>(0, state_.step - 1));
        report.seconds = epoch_seconds_;
        report.images_per_second =
            epoch_seconds_ > 0.0 ? static_cast<double>(samples_of_process_) / epoch_seconds_ : 0.0;
        if (data_.validation) report.validation = evaluate_validation(false, compute_);
        refuse_divergence(report);
        epoch_seconds_ = 0.0;
        samples_of_process_ = 0;
        return report;
    }

    // The last update may have been the one: the loss that was trained on does not know.
    void refuse_divergence(const EpochReport& report) const {
        const bool finite = std::isfinite(report.train_loss) && all_finite(network_.state()) &&
                            (!report.validation || std::isfinite(report.validation->loss));
        if (finite) return;
        throw ConfigError(text("training diverged: a loss or weight of epoch ", report.epoch,
                               " is not a finite number. Lower 'learning_rate' or use 'warmup_epochs', and empty ",
                               paths_.checkpoints.string(), ": its checkpoints are of these settings."));
    }

    Evaluation evaluate_validation(bool final_pass, at::ScalarType compute) {
        const EvaluationOptions wanted{.top_k = options_.top_k,
                                       .test_time_augmentation = final_pass && recipe_.test_time_augmentation,
                                       .confusion = final_pass,
                                       .compute = compute};
        return evaluate(network_, preprocess_, validation_pixels_, validation_labels_, wanted, communicator_);
    }

    // Without validation data the latest weights count as the best.
    void keep_if_best(EpochReport& report) {
        const double accuracy = report.validation ? report.validation->accuracy : 0.0;
        if (report.validation && accuracy < state_.best_accuracy) return;
        report.best = true;
        state_.best_accuracy = accuracy;
        state_.best_epoch = report.epoch;
        best_.keep(network_, report.validation.value_or(Evaluation{}));
    }

    void decide_whether_finished() {
        state_.finished = state_.step >= recipe_.total_steps;
        std::string reason = reason_to_stop(options_, state_.history);
        if (options_.max_train_seconds > 0.0 && communicator_.any(state_.train_seconds >= options_.max_train_seconds)) {
            reason = text("max_train_seconds ", options_.max_train_seconds, " is used up");
        }
        if (state_.finished || reason.empty()) return;
        log_info(text("training ends after epoch ", state_.history.back().epoch, ": ", reason));
        state_.finished = state_.ended_by_rule = true;
    }

    // --- the end ---

    TrainingResult stopped() {
        average_statistics();
        save_checkpoint();
        log_info(text("stopped on request at step ", state_.step, " of ", recipe_.total_steps,
                      "; a checkpoint was written, the next start continues from it"));
        if (!best_.empty() && communicator_.rank() == 0) {
            best_.put_into(network_);
            write_best();
        }
        return {.stopped = true, .has_model = !best_.empty(), .final_evaluation = {}};
    }

    // With the numbers of its epoch.
    void write_best() {
        const bool known = static_cast<std::size_t>(state_.best_epoch) < state_.history.size();
        const auto found =
            known ? state_.history[static_cast<std::size_t>(state_.best_epoch)].validation : std::nullopt;
        best_.finish(network_, found.value_or(Evaluation{}), pixels_to_verify(data_));
    }

    TrainingResult stopped_at_the_end() {
        log_info(
            "stopped on request in the last evaluation; the model has the numbers of its epoch, the next start "
            "evaluates again");
        if (communicator_.rank() == 0) write_best();
        return {.stopped = true, .has_model = true, .final_evaluation = {}};
    }

    // The numbers in the artifact are those of its float32 form, which is what is served, whatever precision trained
    // it.
    TrainingResult finish() {
        best_.put_into(network_);
        Evaluation last;
        try {
            if (data_.validation) last = evaluate_validation(true, at::kFloat);
        } catch (const Stopped&) {
            return stopped_at_the_end();
        }
        if (communicator_.rank() == 0) {
            best_.finish(network_, last, pixels_to_verify(data_));
            report_end(last);
        }
        return {.stopped = false, .has_model = true, .final_evaluation = last};
    }

    void report_end(const Evaluation& last) {
        auto history = state_.history;
        if (data_.validation) history.at(static_cast<std::size_t>(state_.best_epoch)).validation = last;
        for (auto& reporter : reporters_) reporter->on_end(history);
        if (!data_.validation) return;
        if (last.accuracy_tta)
            log_plain(text("best_epoch=", state_.best_epoch, "; validation_accuracy_tta=", fixed(*last.accuracy_tta, 6),
                           ';'));
        const std::string augmented =
            last.accuracy_tta ? text(", with test-time augmentation ", fixed(*last.accuracy_tta, 4)) : "";
        log_info(text("best model: epoch ", state_.best_epoch, ", validation accuracy ", fixed(last.accuracy, 4),
                      " single view", augmented, ", ", last.samples, " samples; ", human_seconds(state_.train_seconds),
                      " of training steps"));
    }

    const TrainOptions& options_;
    const TrainingData& data_;
    const TrainingPaths& paths_;
    Communicator& communicator_;
    at::Device device_;
    at::ScalarType compute_;
    Shares shares_;   // of the samples of an epoch
    Shares at_hand_;  // of those in data_.train, which of a stream are the first
    Recipe recipe_;
    Preprocess preprocess_;
    Network network_;
    Optimizer optimizer_;
    TrainStep step_;
    std::unique_ptr<BatchSource> batches_;
    BestModel best_;
    CheckpointFolder checkpoints_;
    std::vector<std::unique_ptr<Reporter>> reporters_;
    at::Tensor validation_pixels_;
    at::Tensor validation_labels_;
    TrainingState state_;
    double epoch_seconds_ = 0.0;           // of the current epoch, by this process
    std::int64_t samples_of_process_ = 0;  // likewise, of all ranks
    std::int64_t samples_of_rank_ = 0;     // since the statistics were averaged
    bool at_epoch_end_ = false, first_step_announced_ = false;
};

}  // namespace

TrainingResult train(const TrainOptions& options, const TrainingData& data, const TrainingPaths& paths,
                     Communicator& communicator) {
    TrainOptions decided = options;
    if (data.train.class_names.size() < 2) {
        throw DataError(text("channel 'train': expected samples of at least 2 classes, found ",
                             data.train.class_names.size(), ": there is nothing to tell apart."));
    }
    decided.model = choose_model(options.model, data.train.shape);
    return Trainer(decided, data, paths, communicator).run();
}

}  // namespace tundish
