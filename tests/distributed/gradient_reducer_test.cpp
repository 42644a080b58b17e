#include "tundish/distributed/gradient_reducer.hpp"

#include "support/rank_threads.hpp"
#include "support/torch_catch.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

using namespace tundish;
using tundish::testing::as_ranks;
using tundish::testing::expect;

namespace {

constexpr std::int64_t kSamples = 24;

// Two convolutions, one with channels_last weights, a linear layer, one that is frozen and one that nothing uses.
struct SmallNet {
    at::Tensor first, second, linear, frozen, unused;

    SmallNet() {
        const auto value = [](at::IntArrayRef sizes, int of) {
            return at::arange(at::numel(at::empty(sizes)), at::kFloat).mul(0.37 * of).sin().mul(0.2).reshape(sizes);
        };
        first = value({8, 3, 3, 3}, 1).set_requires_grad(true);
        second = value({6, 8, 3, 3}, 2).contiguous(at::MemoryFormat::ChannelsLast).set_requires_grad(true);
        linear = value({4, 6}, 3).set_requires_grad(true);
        frozen = value({6}, 5);
        unused = value({70}, 4).set_requires_grad(true);
    }

    [[nodiscard]] std::vector<at::Tensor> parameters() const { return {first, second, linear, frozen, unused}; }

    [[nodiscard]] at::Tensor loss(const at::Tensor& images) const {
        auto x = at::conv2d(images, first).relu();
        x = at::conv2d(x, second).relu().mean({2, 3}) * frozen;
        return at::linear(x, linear).square().sum() / static_cast<double>(kSamples);
    }
};

at::Tensor images() {
    return at::arange(kSamples * 3 * 8 * 8, at::kFloat).mul(0.11).cos().reshape({kSamples, 3, 8, 8});
}

std::vector<at::Tensor> gradients_of_one() {
    const SmallNet net;
    net.loss(images()).backward();
    return {net.first.grad(), net.second.grad(), net.linear.grad()};
}

// The first rank's part begins at 0; `cuts` are the ends of all parts.
at::Tensor part(const std::vector<std::int64_t>& cuts, int rank) {
    const auto index = static_cast<std::size_t>(rank);
    const std::int64_t begin = rank == 0 ? 0 : cuts[index - 1];
    return images().narrow(0, begin, cuts[index] - begin);
}

double relative_difference(const at::Tensor& a, const at::Tensor& b) {
    return ((a - b).norm() / b.norm()).item<double>();
}

std::vector<at::Tensor> gradients_of_ranks(const std::vector<std::int64_t>& cuts, const ReducerOptions& options) {
    std::vector<std::vector<at::Tensor>> found(cuts.size());
    std::vector<std::int64_t> sums(cuts.size());
    as_ranks(static_cast<int>(cuts.size()), [&](Communicator& communicator) {
        const SmallNet net;
        GradientReducer reducer(communicator, net.parameters(), options);
        const auto own = part(cuts, communicator.rank());
        for (int step = 0; step < 2; ++step) {  // the second time over the buckets of the first
            for (const auto& parameter : net.parameters()) parameter.mutable_grad().reset();
            const auto also = at::full({1}, own.size(0), at::TensorOptions(at::kLong));
            reducer.begin(also);
            if (own.size(0) > 0) net.loss(own).backward();
            const auto gradients = reducer.finish();
            expect(gradients.size() == 4, "four gradients");
            sums[static_cast<std::size_t>(communicator.rank())] = also.item<std::int64_t>();
        }
        expect(net.second.grad().strides() == net.second.strides(), "the layout of the weights");
        expect(net.unused.grad().abs().sum().item<double>() == 0.0, "no gradient of what nothing uses");
        found[static_cast<std::size_t>(communicator.rank())] = {net.first.grad().clone(), net.second.grad().clone(),
                                                                net.linear.grad().clone()};
    });
    for (std::size_t rank = 0; rank < found.size(); ++rank) {
        CHECK(sums[rank] == kSamples);
        for (std::size_t i = 0; i < found[0].size(); ++i) CHECK(found[rank][i].equal(found[0][i]));  // bit for bit
    }
    return found[0];
}

void check_equal(const std::vector<at::Tensor>& found, const std::vector<at::Tensor>& expected, double bound) {
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(relative_difference(found[i], expected[i]) < bound);
}

}  // namespace

TEST_CASE("gradients of several ranks are those of one process on the joined batch") {
    const auto expected = gradients_of_one();
    const std::vector<std::vector<std::int64_t>> all_cuts{{12, 24},   {1, 24},         {24, 24},        {8, 16, 24},
                                                          {0, 5, 24}, {6, 12, 18, 24}, {23, 23, 23, 24}};
    for (const auto& cuts : all_cuts) {
        INFO(cuts.size() << " ranks, the first with " << cuts[0]);
        check_equal(gradients_of_ranks(cuts, {}), expected, 1e-5);
    }
}

TEST_CASE("neither the size of buckets nor overlap changes gradients") {
    const auto expected = gradients_of_one();
    check_equal(gradients_of_ranks({7, 24}, {.overlap = false}), expected, 1e-5);
    check_equal(gradients_of_ranks({7, 24}, {.bucket_bytes = 1}), expected, 1e-5);  // one for each parameter
    check_equal(gradients_of_ranks({0, 5, 24}, {.bucket_bytes = 1}), expected, 1e-5);
    check_equal(gradients_of_ranks({7, 24}, {.overlap = false, .bucket_bytes = 1000}), expected, 1e-5);
}

TEST_CASE("compressed gradients are near, and equal on all ranks") {
    const auto expected = gradients_of_one();
    check_equal(gradients_of_ranks({7, 24}, {.wire_dtype = at::kHalf}), expected, 2e-3);
    check_equal(gradients_of_ranks({7, 24}, {.wire_dtype = at::kBFloat16}), expected, 2e-2);
    check_equal(gradients_of_ranks({0, 7, 24}, {.wire_dtype = at::kHalf, .bucket_bytes = 1}), expected, 2e-3);
}

TEST_CASE("a parameter that is frozen between two steps takes no part any more") {
    as_ranks(2, [&](Communicator& communicator) {
        const SmallNet net;
        GradientReducer reducer(communicator, net.parameters());
        for (const bool frozen : {false, true}) {
            at::Tensor first = net.first;
            first.requires_grad_(!frozen);
            for (const auto& parameter : net.parameters()) parameter.mutable_grad().reset();
            reducer.begin(at::zeros({1}));
            net.loss(part({12, 24}, communicator.rank())).backward();
            expect(reducer.finish().size() == (frozen ? 3U : 4U), "gradients of what is not frozen");
            expect(net.first.grad().defined() != frozen, "no gradient of what is frozen");
        }
    });
}

TEST_CASE("alone, gradients stay as they are") {
    SoloCommunicator solo;
    const SmallNet net;
    GradientReducer reducer(solo, net.parameters());
    reducer.begin(at::zeros({1}));
    net.loss(images()).backward();
    const at::Tensor before = net.first.grad();
    const auto gradients = reducer.finish();
    CHECK(gradients.size() == 3);
    CHECK(gradients[0].is_same(before));
}
