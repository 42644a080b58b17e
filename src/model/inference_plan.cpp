#include "tundish/model/inference_plan.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "inference_compiler.hpp"
#include "kernels/scratch_buffer.hpp"

namespace tundish {

struct InferencePlan::Steps {
    std::vector<InferenceStep> list;
    std::int64_t pixels, classes;  // of one image
    std::int64_t images_at_once;   // of one thread; a larger batch goes through all steps in parts
};

struct InferencePlan::Workspace::Buffers {
    std::map<int, ScratchBuffer> by_number;
};

InferencePlan::Workspace::Workspace() : buffers_(std::make_unique<Buffers>()) {}
InferencePlan::Workspace::~Workspace() = default;
InferencePlan::InferencePlan(std::unique_ptr<Steps> steps) : steps_(std::move(steps)) {}
InferencePlan::InferencePlan(InferencePlan&&) noexcept = default;
InferencePlan::~InferencePlan() = default;

namespace {

// Tiles multiply so quickly that maps should not leave the caches: with 64 images of airbench at once a step reads and
// writes 22 MB, and the whole takes a sixth longer than with 4 to 24 (inference_bench). In fp32 whole batches are a
// tenth faster, because the weights of large Winograd tiles are read once for all.
std::int64_t images_at_once(const std::vector<InferenceStep>& steps, std::int64_t pixels, Products products) {
    if (products == Products::fp32) return std::numeric_limits<int>::max();
    constexpr std::int64_t kFloats = std::int64_t{6} << 18;  // 6 MiB
    std::int64_t largest = 1, before = pixels;
    for (const auto& step : steps) {
        largest = std::max(largest, before + step.floats);
        before = step.floats;
    }
    return std::max<std::int64_t>(1, kFloats / largest);
}

// Runs one kind of step after another on one batch.
struct Runner {
    std::int64_t batch;
    int threads;

    void operator()(const PlanarStep& step, const float* input, float* output) const {
        PlanarConvShape shape = step.shape;
        shape.batch = batch;
        planar_convolve(shape, input, step.border.data(), step.weight.data(), step.bias.data(), step.finish, output,
                        threads);
    }

    void operator()(const ConvStep& step, const float* input, float* output) const {
        step.conv.run(batch, input, output, threads);
    }

    void operator()(const PoolStep& step, const float* input, float* output) const {
        pool_and_finish({batch, step.height, step.width, step.channels}, input, step.bias.data(), step.finish, output,
                        threads);
    }

    void operator()(const AddStep& step, const float* other, float* output) const {
        for (std::int64_t i = 0; i < batch * step.floats; ++i) output[i] += other[i];
    }

    void operator()(const GlobalPoolStep& step, const float* input, float* output) const {
        for (std::int64_t image = 0; image < batch; ++image, output += step.channels) {
            std::copy_n(input, step.channels, output);
            for (std::int64_t pixel = 0; pixel < step.pixels; ++pixel, input += step.channels) {
                for (std::int64_t c = 0; c < step.channels; ++c)
                    output[c] = input[c] > output[c] ? input[c] : output[c];
            }
        }
    }

    void operator()(const LinearStep& step, const float* input, float* output) const {
        for (std::int64_t image = 0; image < batch; ++image, output += step.out) {
            std::copy(step.bias.begin(), step.bias.end(), output);
            const float* weight = step.weight.data();
            for (std::int64_t i = 0; i < step.in; ++i, ++input, weight += step.out) {
                for (std::int64_t o = 0; o < step.out; ++o) output[o] += *input * weight[o];
            }
        }
    }
};

}  // namespace

std::optional<InferencePlan> InferencePlan::compile(const Architecture& architecture, const PixelScale& scale,
                                                    const WeightsByName& weights, std::int64_t largest_batch,
                                                    Products products) {
    auto steps = compile_inference(architecture, scale, weights, largest_batch, products);
    if (!steps) return std::nullopt;
    const auto pixels = static_cast<std::int64_t>(architecture.input.pixels());
    const std::int64_t at_once = images_at_once(*steps, pixels, products);
    return InferencePlan(std::make_unique<Steps>(Steps{std::move(*steps), pixels, architecture.classes, at_once}));
}

void InferencePlan::run(const float* pixels, std::int64_t batch, float* logits, int threads,
                        Workspace& workspace) const {
    const std::int64_t at_once = steps_->images_at_once * threads, parts = (batch + at_once - 1) / at_once;
    for (std::int64_t part = 0, begin = 0; part < parts; ++part) {
        const std::int64_t end = batch * (part + 1) / parts;
        run_part(pixels + begin * steps_->pixels, end - begin, logits + begin * steps_->classes, threads, workspace);
        begin = end;
    }
}

void InferencePlan::run_part(const float* pixels, std::int64_t batch, float* logits, int threads,
                             Workspace& workspace) const {
    auto& buffers = workspace.buffers_->by_number;
    const Runner runner{batch, threads};
    for (const auto& step : steps_->list) {
        const bool last = &step == &steps_->list.back();
        const auto floats = static_cast<std::size_t>(batch * step.floats);
        float* output = last ? logits : buffers[step.output].request(floats);
        const auto* add = std::get_if<AddStep>(&step.operation);
        const int source = add != nullptr ? add->other : step.input;
        const float* input = source == InferenceStep::kPixels ? pixels : buffers[source].data();
        std::visit([&](const auto& operation) { runner(operation, input, output); }, step.operation);
    }
}

}  // namespace tundish
