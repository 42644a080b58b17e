#pragma once

#include "tundish/model/classifier.hpp"

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <vector>

namespace tundish::testing {

/// A door at which forward passes wait until a test opens it.
class Gate {
  public:
    void wait() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
        --waiting_;
    }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    /// Until so many wait at it.
    void await(int waiting) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ >= waiting; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    bool open_ = false;
};

/// What the first pixel of an image makes the fake model do.
inline constexpr float kWaits = 201, kThrows = 202, kNotANumber = 203, kNoMemory = 204, kDeviceLost = 205;

/// What a test sees of a fake model.
struct FakeLog {
    Gate gate;
    std::size_t memory_for = std::numeric_limits<std::size_t>::max();  ///< images of a batch; set before it is used
    std::mutex mutex;
    std::vector<std::size_t> batches;

    [[nodiscard]] std::vector<std::size_t> seen() {
        const std::lock_guard lock(mutex);
        return batches;
    }
};

/// Grey images of 2 x 2 pixels, classes "dark" and "bright": the probability of "bright" is the first pixel / 255.
class FakeClassifier : public Classifier {
  public:
    explicit FakeClassifier(std::shared_ptr<FakeLog> log = std::make_shared<FakeLog>(), bool on_gpu = false)
        : log_(std::move(log)) {
        facts_.on_gpu = on_gpu;
        facts_.input = {1, 2, 2};
        facts_.class_names = {"dark", "bright"};
        facts_.architecture = "fake";
        facts_.engine = "a test";
    }

    [[nodiscard]] const ClassifierFacts& facts() const override { return facts_; }

    void classify(const float* pixels, std::size_t images, float* probabilities) const override {
        {
            const std::lock_guard lock(log_->mutex);
            log_->batches.push_back(images);
        }
        if (images > log_->memory_for) throw MemoryError("the GPU has no memory for so many images");
        for (std::size_t i = 0; i < images; ++i) {
            const float first = pixels[4 * i];
            if (first == kWaits) log_->gate.wait();
            if (first == kThrows) throw std::runtime_error("this image breaks the model");
            if (first == kDeviceLost) throw DeviceError("the GPU failed: an illegal memory access");
            if (first == kNoMemory) throw std::bad_alloc();
            const float bright = first == kNotANumber ? std::numeric_limits<float>::quiet_NaN() : first / 255;
            probabilities[2 * i] = 1 - bright;
            probabilities[2 * i + 1] = bright;
        }
    }

  private:
    std::shared_ptr<FakeLog> log_;
    ClassifierFacts facts_;
};

}  // namespace tundish::testing
