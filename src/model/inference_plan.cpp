#include "tundish/model/inference_plan.hpp"

#include <algorithm>
#include <map>

#include "inference_compiler.hpp"
#include "kernels/scratch_buffer.hpp"

namespace tundish {

struct InferencePlan::Steps {
    std::vector<InferenceStep> list;
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
    return InferencePlan(std::make_unique<Steps>(Steps{std::move(*steps)}));
}

void InferencePlan::run(const float* pixels, std::int64_t batch, float* logits, int threads,
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
