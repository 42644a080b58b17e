// NCCL on the GPUs that are at hand: a world of one rank, and two ranks where there are GPUs for them.
#include <ATen/ATen.h>
#include <ATen/Context.h>

#include <chrono>
#include <stdexcept>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "nccl_backend.hpp"
#include "rendezvous.hpp"
#include "support/rank_threads.hpp"
#include "support/torch_catch.hpp"
#include "tundish/model/device.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

// A rank alone, which join_cluster() gives no backend.
struct Alone {
    ClusterOptions options;
    Store store;
    c10::intrusive_ptr<c10d::Backend> backend;

    Alone() {
        options.hosts = {"127.0.0.1"};
        options.network_interface = "lo";
        options.device = at::Device(at::kCUDA, 0);
        options.port = next_port();
        set_nccl_variables(options);
        store = open_store(options);
        auto wanted = c10d::ProcessGroupGloo::Options::create(30s);
        wanted->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface("lo"));
        const auto keys = c10::make_intrusive<c10d::PrefixStore>("gloo", store);
        backend = nccl_beside(c10::make_intrusive<c10d::ProcessGroupGloo>(keys, 0, 1, wanted), options);
    }

    [[nodiscard]] at::Tensor sum(const at::Device& device) const {
        std::vector<at::Tensor> tensors{at::arange(1000, at::TensorOptions(device).dtype(at::kFloat))};
        backend->allreduce(tensors)->wait();
        return tensors[0].cpu();
    }
};

}  // namespace

TEST_CASE("a world of one rank: sums on the GPU by NCCL, in main memory by Gloo, and a clean end") {
    if (!choose_device().is_cuda()) SKIP_TEST("no GPU");
    const Alone alone;
    const auto expected = at::arange(1000, at::kFloat);
    CHECK(alone.sum(at::Device(at::kCUDA, 0)).equal(expected));
    CHECK(alone.sum(at::kCPU).equal(expected));
}

TEST_CASE("a rank that fails ends NCCL, in time") {
    if (!choose_device().is_cuda()) SKIP_TEST("no GPU");
    const auto begin = std::chrono::steady_clock::now();
    try {
        const Alone alone;
        static_cast<void>(alone.sum(at::Device(at::kCUDA, 0)));
        throw std::runtime_error("a peer is lost");
    } catch (const std::runtime_error& error) {
        CHECK(std::string(error.what()) == "a peer is lost");
    }
    CHECK(std::chrono::steady_clock::now() - begin < 60s);
}

TEST_CASE("ranks on GPUs of their own give equal sums") {
    if (at::getNumGPUs() < 2) SKIP_TEST("fewer than two GPUs");
    ClusterOptions options;
    options.device = at::kCUDA;
    as_ranks(
        2,
        [](Communicator& communicator) {
            const at::Device device(at::kCUDA, static_cast<c10::DeviceIndex>(communicator.rank()));
            const auto ones = at::ones({1000}, at::TensorOptions(device));
            communicator.all_reduce_sum({ones});
            expect(ones.cpu().equal(at::full({1000}, 2.0F)), "the sum of both");
        },
        options);
}
