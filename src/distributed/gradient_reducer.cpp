#include "tundish/distributed/gradient_reducer.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <utility>

namespace tundish {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

// A step waits for the whole of the last bucket, so it must be small beside the rest; every bucket costs a round trip,
// so there must be few. A parameter of the smallest size has a bucket to itself, and is not copied.
constexpr std::int64_t kBuckets = 4;
constexpr std::int64_t kSmallestBucket = kMiB / 4;
constexpr std::int64_t kLargestBucket = 25 * kMiB;

std::int64_t bytes_of(const at::Tensor& tensor) {
    return tensor.numel() * static_cast<std::int64_t>(tensor.element_size());
}

std::int64_t bucket_bytes(const std::vector<at::Tensor>& tensors, const ReducerOptions& options) {
    if (options.bucket_bytes > 0) return options.bucket_bytes;
    std::int64_t all = 0;
    for (const auto& tensor : tensors) all += bytes_of(tensor);
    return std::clamp(all / kBuckets, kSmallestBucket, kLargestBucket);
}

// A place in `flat` in the parameter's own memory format: the optimizer meets the strides that it would without us.
at::Tensor place_in(const at::Tensor& flat, std::int64_t begin, const at::Tensor& parameter) {
    if (!parameter.is_non_overlapping_and_dense()) return flat.narrow(0, begin, parameter.numel()).view_as(parameter);
    return flat.as_strided(parameter.sizes(), parameter.strides(), begin);
}

struct Bucket {
    std::vector<std::size_t> members;
    std::int64_t numel = 0;
    std::size_t missing = 0;  ///< members whose gradient is not there yet
    at::Tensor flat;          ///< where the members' gradients lie, one behind the other, or the only one's own memory
    at::Tensor wire;          ///< what is sent: `flat`, or it in another dtype
    std::unique_ptr<PendingSum> pending;
};

// All of a gradient's memory, if it lies as the parameter does: then it need not be copied to be sent.
at::Tensor memory_of(const at::Tensor& gradient, const at::Tensor& parameter) {
    if (!gradient.is_non_overlapping_and_dense() || gradient.strides() != parameter.strides()) return {};
    return gradient.as_strided({gradient.numel()}, {1});
}

}  // namespace

class GradientReducer::Buckets {
  public:
    Buckets(Communicator& communicator, const std::vector<at::Tensor>& parameters, const ReducerOptions& options)
        : communicator_(communicator), parameters_(parameters), options_(options) {}

    void begin(const at::Tensor& also) {
        std::vector<bool> wanted;
        for (const auto& parameter : parameters_) wanted.push_back(parameter.requires_grad());
        if (wanted != taking_part_) plan(std::move(wanted));
        for (auto& bucket : buckets_) bucket.missing = bucket.members.size();
        filled_.assign(parameters_.size(), false);
        sent_ = 0;
        also_ = communicator_.start_sum(also);
    }

    void take(std::size_t index) {
        const at::NoGradGuard no_grad;
        auto& bucket = buckets_[bucket_of_[index]];
        const auto& gradient = parameters_[index].grad();
        const auto own = bucket.members.size() == 1 ? memory_of(gradient, parameters_[index]) : at::Tensor();
        if (own.defined()) {
            bucket.flat = own;
            place_[index] = gradient;
        } else {
            place(index).copy_(gradient);
        }
        filled_[index] = true;
        --bucket.missing;
        while (options_.overlap && sent_ < buckets_.size() && buckets_[sent_].missing == 0) send();
    }

    void finish() {
        const at::NoGradGuard no_grad;
        for (const auto& bucket : buckets_) {
            for (const auto index : bucket.members) {
                if (!filled_[index]) place(index).zero_();
            }
        }
        while (sent_ < buckets_.size()) send();
        also_->wait();
        for (auto& bucket : buckets_) receive(bucket);
    }

  private:
    void plan(std::vector<bool> wanted) {
        taking_part_ = std::move(wanted);
        buckets_.clear();
        place_.assign(parameters_.size(), {});
        bucket_of_.assign(parameters_.size(), 0);
        const std::int64_t limit = bucket_bytes(parameters_, options_);
        Bucket small;
        for (std::size_t index = parameters_.size(); index-- > 0;) {
            if (!taking_part_[index]) continue;
            if (bytes_of(parameters_[index]) >= kSmallestBucket) {
                put(index, buckets_.emplace_back());
                continue;
            }
            if (!fits(index, small, limit)) buckets_.push_back(std::exchange(small, {}));
            put(index, small);
        }
        if (!small.members.empty()) buckets_.push_back(std::move(small));
        for (std::size_t k = 0; k < buckets_.size(); ++k) {
            for (const auto index : buckets_[k].members) bucket_of_[index] = k;
        }
    }

    void put(std::size_t index, Bucket& bucket) const {
        bucket.members.push_back(index);
        bucket.numel += parameters_[index].numel();
    }

    [[nodiscard]] bool fits(std::size_t index, const Bucket& bucket, std::int64_t limit) const {
        const auto& parameter = parameters_[index];
        return bucket.members.empty() || (bucket.numel * parameter.element_size() < limit &&
                                          parameters_[bucket.members.front()].dtype() == parameter.dtype());
    }

    // Where a gradient is copied to.
    at::Tensor& place(std::size_t index) {
        auto& bucket = buckets_[bucket_of_[index]];
        if (!place_[index].defined()) lay_out(bucket);
        return place_[index];
    }

    void lay_out(Bucket& bucket) {
        bucket.flat = at::zeros({bucket.numel}, parameters_[bucket.members.front()].options().requires_grad(false));
        std::int64_t begin = 0;
        for (const auto index : bucket.members) {
            place_[index] = place_in(bucket.flat, begin, parameters_[index]);
            begin += parameters_[index].numel();
        }
    }

    void send() {
        auto& bucket = buckets_[sent_++];
        bucket.wire = options_.wire_dtype ? bucket.flat.to(*options_.wire_dtype) : bucket.flat;
        bucket.pending = communicator_.start_sum(bucket.wire);
    }

    void receive(Bucket& bucket) {
        bucket.pending->wait();
        bucket.pending.reset();
        if (options_.wire_dtype) bucket.flat.copy_(bucket.wire);
        for (const auto index : bucket.members) parameters_[index].mutable_grad() = place_[index];
        if (bucket.members.size() > 1) return;
        for (auto* tensor : {&bucket.flat, &bucket.wire, &place_[bucket.members.front()]})
            tensor->reset();  // the gradient is the parameter's alone from now on
    }

    Communicator& communicator_;
    std::vector<at::Tensor> parameters_;
    ReducerOptions options_;
    std::vector<bool> taking_part_;
    std::vector<Bucket> buckets_;
    std::vector<at::Tensor> place_;
    std::vector<std::size_t> bucket_of_;
    std::vector<bool> filled_;
    std::size_t sent_ = 0;  ///< buckets that are under way
    std::unique_ptr<PendingSum> also_;
};

struct GradientReducer::Hook final : torch::autograd::PostAccumulateGradHook {
    Hook(Buckets& owner, std::size_t position) : buckets(owner), index(position) {}
    void operator()(const torch::autograd::Variable& /*parameter*/) override { buckets.take(index); }

    Buckets& buckets;
    std::size_t index;
};

GradientReducer::GradientReducer(Communicator& communicator, std::vector<at::Tensor> parameters,
                                 const ReducerOptions& options)
    : parameters_(std::move(parameters)) {
    if (communicator.size() == 1) return;
    buckets_ = std::make_unique<Buckets>(communicator, parameters_, options);
    for (std::size_t index = 0; index < parameters_.size(); ++index)
        torch::autograd::impl::set_post_acc_grad_hooks(parameters_[index], std::make_unique<Hook>(*buckets_, index));
}

GradientReducer::~GradientReducer() {
    if (!buckets_) return;
    for (const auto& parameter : parameters_) torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
}

void GradientReducer::begin(const at::Tensor& also) {
    if (buckets_) buckets_->begin(also);
}

std::vector<at::Tensor> GradientReducer::finish() {
    if (buckets_) buckets_->finish();
    std::vector<at::Tensor> gradients;
    for (const auto& parameter : parameters_) {
        if (parameter.grad().defined()) gradients.push_back(parameter.grad());
    }
    return gradients;
}

}  // namespace tundish
