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
                    const at::Device& device, const Shares& shares)
        : maker_(upload(pixel_view(train), device), upload(label_view(train), device), preprocess,
                 augmentation_of(recipe), static_cast<std::uint64_t>(seed)),
          samples_(train.size()),
          batches_(recipe.steps_per_epoch),
          seed_(order_key(static_cast<std::uint64_t>(seed), shares)),
          place_(shares.place()),
          places_(shares.places()) {}

    void begin_epoch(std::int64_t epoch, std::int64_t first) override {
        plan_.emplace(samples_, batches_, seed_, epoch);
        epoch_ = epoch;
        next_ = first;
    }

    BatchMaker::Batch next() override {
        const auto own = plan_->part(next_++, place_, places_);
        return own.empty() ? BatchMaker::Batch{} : maker_.make(own, epoch_);
    }

  private:
    // Hosts with different samples do not go through them in the same order.
    static std::uint64_t order_key(std::uint64_t seed, const Shares& shares) {
        return shares.before() == 0 ? seed : random_bits({seed, static_cast<std::uint64_t>(shares.before())});
    }

    BatchMaker maker_;
    std::int64_t samples_;
    std::int64_t batches_;
    std::uint64_t seed_;
    int place_;
    int places_;
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

    ~StreamedBatches() override { leave(); }

    void begin_epoch(std::int64_t epoch, std::int64_t first) override {
        leave();
        epoch_ = epoch;
        next_ = first;
        stream_.begin_pass(random_bits({0x7374726dULL, seed_, static_cast<std::uint64_t>(epoch)}), cut(first).begin);
        read_ahead();
    }

    BatchMaker::Batch next() override {
        if (!ahead_.valid()) return {};
        const auto [first, wanted] = cut(next_);
        const StreamedSamples read = ahead_.get();
        ++next_;
        if (read.samples.size() < wanted && first + read.samples.size() > 0)
            warn_of_short_pass(read.samples.size());  // of an empty pass the stream has said it
        if (next_ < batches_ && read.samples.size() == wanted) {
            read_ahead();
        } else {
            stream_.end_pass();
        }
        if (read.ids.empty()) return {};
        const BatchMaker maker(upload(pixel_view(read.samples), device_), upload(label_view(read.samples), device_),
                               preprocess_, augmentation_, seed_);
        return maker.make_all(read.ids, epoch_);
    }

  private:
    // As EpochPlan cuts an epoch.
    [[nodiscard]] Part cut(std::int64_t batch) const { return part_of(stream_.size(), batch, batches_); }

    void read_ahead() {
        const std::int64_t count = cut(next_).count;
        ahead_ = std::async(std::launch::async, [this, count] { return stream_.next(count); });
    }

    // The writer of a FIFO may be silent for long, and nobody wants what it would bring.
    void leave() {
        if (!ahead_.valid()) return;
        stream_.cancel_pass();
        ahead_.wait();
        ahead_ = {};
        stream_.end_pass();
    }

    void warn_of_short_pass(std::int64_t last) const {
        log_warning(text("epoch ", epoch_, " ended after ", cut(next_ - 1).begin + last, " samples: expected ",
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

std::unique_ptr<BatchSource> make_batch_source(const TrainingData& data, const Shares& shares, const Recipe& recipe,
                                               const Preprocess& preprocess, std::int64_t seed,
                                               const at::Device& device) {
    if (data.stream) return std::make_unique<StreamedBatches>(*data.stream, recipe, preprocess, seed, device);
    return std::make_unique<ResidentBatches>(data.train, recipe, preprocess, seed, device, shares);
}

}  // namespace tundish
