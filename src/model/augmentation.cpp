#include "tundish/model/augmentation.hpp"

#include <ATen/ATen.h>

#include <array>
#include <vector>

#include "tundish/base/random.hpp"

namespace tundish {
namespace {

// Names of the independent random streams of a sample.
enum Stream : std::uint64_t { kFlip = 1, kRowShift, kColumnShift, kCutoutRow, kCutoutColumn, kBrightness, kContrast };

// Position `i` of an axis of length `n`, reflected at the borders without repeating the edge; |overshoot| < n.
at::Tensor reflect(const at::Tensor& position, std::int64_t length) {
    return (length - 1) - ((length - 1) - position.abs()).abs();
}

at::Tensor to_device(const std::vector<std::int64_t>& values, const at::Device& device) {
    auto host = at::empty({static_cast<std::int64_t>(values.size())},
                          at::TensorOptions(at::kLong).pinned_memory(device.is_cuda()));
    std::copy(values.begin(), values.end(), host.data_ptr<std::int64_t>());
    return host.to(device, /*non_blocking=*/true);
}

// One axis of the gather: (n, length) source positions for shifts and, along columns, mirrors.
at::Tensor source_positions(const at::Tensor& shift, std::int64_t length, const at::Tensor* mirrored) {
    auto position = at::arange(length, shift.options()).unsqueeze(0);
    if (mirrored != nullptr) position = at::where(mirrored->unsqueeze(1) != 0, (length - 1) - position, position);
    return reflect(position + shift.unsqueeze(1), length);
}

class Draw {
  public:
    Draw(std::span<const std::int64_t> samples, std::uint64_t seed, std::int64_t epoch, at::Device device)
        : samples_(samples), seed_(seed), epoch_(static_cast<std::uint64_t>(epoch)), device_(device) {}

    // Uniform in -reach..reach for each sample.
    [[nodiscard]] at::Tensor shift(int reach, Stream stream) const {
        return each([&](std::uint64_t sample) {
            return reach == 0 ? 0 : random_below(2 * reach + 1, {stream, seed_, epoch_, sample}) - reach;
        });
    }

    [[nodiscard]] at::Tensor below(std::int64_t count, Stream stream) const {
        return each([&](std::uint64_t sample) { return random_below(count, {stream, seed_, epoch_, sample}); });
    }

    [[nodiscard]] at::Tensor mirrored() const {
        return each([&](std::uint64_t sample) {
            return static_cast<std::int64_t>((random_bits({kFlip, seed_, sample}) + epoch_) & 1U);
        });
    }

    // Uniform in [-1, 1) for each sample, as float (n, 1, 1, 1).
    [[nodiscard]] at::Tensor centred(Stream stream) const {
        constexpr std::int64_t kSteps = 1 << 20;
        return below(2 * kSteps, stream).to(at::kFloat).div_(static_cast<double>(kSteps)).sub_(1.0).view({-1, 1, 1, 1});
    }

  private:
    template <typename Function>
    [[nodiscard]] at::Tensor each(Function function) const {
        std::vector<std::int64_t> values;
        values.reserve(samples_.size());
        for (const std::int64_t sample : samples_) values.push_back(function(static_cast<std::uint64_t>(sample)));
        return to_device(values, device_);
    }

    std::span<const std::int64_t> samples_;
    std::uint64_t seed_;
    std::uint64_t epoch_;
    at::Device device_;
};

at::Tensor gather(const at::Tensor& pixels, const at::Tensor& sample, const at::Tensor& rows,
                  const at::Tensor& columns) {
    const auto channel = at::arange(pixels.size(1), sample.options());
    // Indices broadcast to (n, H, W, C): the gathered bytes lie channels_last without another copy.
    return pixels
        .index({sample.view({-1, 1, 1, 1}), channel.view({1, 1, 1, -1}), rows.unsqueeze(2).unsqueeze(3),
                columns.unsqueeze(1).unsqueeze(3)})
        .permute({0, 3, 1, 2});
}

void cut_out(at::Tensor& images, int side, const Draw& draw) {
    const auto inside = [&](std::int64_t length, Stream stream) {
        const auto start = draw.below(length, stream).unsqueeze(1) - side / 2;
        const auto position = at::arange(length, start.options()).unsqueeze(0);
        return (position >= start).logical_and(position < start + side);
    };
    const auto rows = inside(images.size(2), kCutoutRow).unsqueeze(1).unsqueeze(3);
    const auto columns = inside(images.size(3), kCutoutColumn).unsqueeze(1).unsqueeze(2);
    images.masked_fill_(rows.logical_and(columns), 0.0);  // 0 is the mean colour after normalising
}

void jitter_color(at::Tensor& images, double strength, const Draw& draw) {
    images.mul_(draw.centred(kContrast).mul_(strength).add_(1.0)).add_(draw.centred(kBrightness).mul_(strength));
}

}  // namespace

BatchMaker::BatchMaker(at::Tensor pixels, at::Tensor labels, Preprocess preprocess, AugmentationOptions augmentation,
                       std::uint64_t seed)
    : pixels_(std::move(pixels)),
      labels_(std::move(labels)),
      preprocess_(std::move(preprocess)),
      augmentation_(augmentation),
      seed_(seed) {}

BatchMaker::Batch BatchMaker::make(std::span<const std::int64_t> samples, std::int64_t epoch) const {
    return make(to_device({samples.begin(), samples.end()}, pixels_.device()), samples, epoch);
}

BatchMaker::Batch BatchMaker::make_all(std::span<const std::int64_t> ids, std::int64_t epoch) const {
    return make(at::arange(pixels_.size(0), labels_.options()), ids, epoch);
}

BatchMaker::Batch BatchMaker::make(const at::Tensor& index, std::span<const std::int64_t> ids,
                                   std::int64_t epoch) const {
    const Draw draw(ids, seed_, epoch, pixels_.device());
    const auto mirrored = draw.mirrored();
    const auto rows = source_positions(draw.shift(augmentation_.crop_padding, kRowShift), pixels_.size(2), nullptr);
    const auto columns = source_positions(draw.shift(augmentation_.crop_padding, kColumnShift), pixels_.size(3),
                                          augmentation_.flip ? &mirrored : nullptr);
    auto images = normalise(gather(pixels_, index, rows, columns), preprocess_);
    if (augmentation_.color_jitter > 0.0) jitter_color(images, augmentation_.color_jitter, draw);
    if (augmentation_.cutout > 0) cut_out(images, augmentation_.cutout, draw);
    return {images, labels_.index_select(0, index)};
}

at::Tensor shifted(const at::Tensor& images, int rows, int columns) {
    const auto positions = [&](std::int64_t length, int shift) {
        return reflect(at::arange(length, at::TensorOptions(at::kLong).device(images.device())) + shift, length);
    };
    return images.index_select(2, positions(images.size(2), rows)).index_select(3, positions(images.size(3), columns));
}

}  // namespace tundish
