#include "batch_source.hpp"

#include <ATen/ATen.h>

#include <future>

#include "training_setup.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/random.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/sample_stream.hpp"
#include "tundish/train/epoch_plan.hpp"

namespace tundish {
namespace {

class ResidentBatches : public BatchSource {
  public:
    ResidentBatches(const SampleSet& train, const Recipe& recipe, const Preprocess& preprocess, std::int64_t seed,
                    const at::Device& device, const Communicator& communicator)
        : maker_(upload(pixel_view(train), device), upload(label_view(train), device), preprocess,
                 augmentation_of(recipe), static_cast<std::uint64_t>(seed)),
          samples_(train.size()),
          batches_(recipe.steps_per_epoch),
          seed_(static_cast<std::uint64_t>(seed)),
          rank_(communicator.rank()),
          ranks_(communicator.size()) {}

    void begin_epoch(std::int64_t epoch, std::int64_t first) override {
        plan_.emplace(samples_, batches_, seed_, epoch);
        epoch_ = epoch;
        next_ = first;
    }

    std::optional<RankBatch> next() override {
        if (next_ == batches_) return std::nullopt;
        const std::int64_t batch = next_++;
        return RankBatch{maker_.make(plan_->part(batch, rank_, ranks_), epoch_),
                         static_cast<std::int64_t>(plan_->batch(batch).size())};
    }

  private:
    BatchMaker maker_;
    std::int64_t samples_;
    std::int64_t batches_;
    std::uint64_t seed_;
    int rank_;
    int ranks_;
    std::optional<EpochPlan> plan_;
    std::int64_t epoch_ = 0;
    std::int64_t next_ = 0;
};

// Collects the next batch from the stream while the one before is trained on.
class StreamedBatches : public BatchSource {
  public:
    StreamedBatches(SampleStream& stream, const Recipe& recipe, Preprocess preprocess, std::int64_t seed,
                    const at::Device& device)
        : stream_(stream),
          preprocess_(std::move(preprocess)),
          augmentation_(augmentation_of(recipe)),
          batches_(recipe.steps_per_epoch),
          seed_(static_cast<std::uint64_t>(seed)),
          device_(device) {}

    ~StreamedBatches() override { wait(); }

    void begin_epoch(std::int64_t epoch, std::int64_t first) override {
        wait();
        epoch_ = epoch;
        next_ = first;
        stream_.begin_pass(random_bits({0x7374726dULL, seed_, static_cast<std::uint64_t>(epoch)}), first_of(first));
        read_ahead();
    }

    std::optional<RankBatch> next() override {
        if (!ahead_.valid()) return std::nullopt;
        const std::int64_t wanted = first_of(next_ + 1) - first_of(next_);
        const StreamedSamples read = ahead_.get();
        ++next_;
        if (read.samples.size() < wanted) warn_of_short_pass(read.samples.size());
        if (next_ < batches_ && read.samples.size() == wanted) {
            read_ahead();
        } else {
            stream_.end_pass();
        }
        if (read.ids.empty()) return std::nullopt;
        const BatchMaker maker(upload(pixel_view(read.samples), device_), upload(label_view(read.samples), device_),
                               preprocess_, augmentation_, seed_);
        return RankBatch{maker.make_all(read.ids, epoch_), read.samples.size()};
    }

  private:
    // As EpochPlan cuts an epoch.
    [[nodiscard]] std::int64_t first_of(std::int64_t batch) const {
        return part_begin(stream_.size(), batch, batches_);
    }

    void read_ahead() {
        const std::int64_t count = first_of(next_ + 1) - first_of(next_);
        ahead_ = std::async(std::launch::async, [this, count] { return stream_.next(count); });
    }

    void wait() {
        if (ahead_.valid()) ahead_.wait();
    }

    void warn_of_short_pass(std::int64_t last) const {
        log_warning(text("epoch ", epoch_, " ended after ", first_of(next_ - 1) + last, " samples: expected ",
                         stream_.size(), ". Correct num_training_samples, or look for records that were skipped."));
    }

    SampleStream& stream_;
    Preprocess preprocess_;
    AugmentationOptions augmentation_;
    std::int64_t batches_;
    std::uint64_t seed_;
    at::Device device_;
    std::future<StreamedSamples> ahead_;
    std::int64_t epoch_ = 0;
    std::int64_t next_ = 0;
};

}  // namespace

std::unique_ptr<BatchSource> make_batch_source(const TrainingData& data, const Recipe& recipe,
                                               const Preprocess& preprocess, std::int64_t seed,
                                               const at::Device& device, const Communicator& communicator) {
    if (data.stream) return std::make_unique<StreamedBatches>(*data.stream, recipe, preprocess, seed, device);
    return std::make_unique<ResidentBatches>(data.train, recipe, preprocess, seed, device, communicator);
}

}  // namespace tundish
