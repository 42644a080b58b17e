#include "group_communicator.hpp"

#include <ATen/ATen.h>

#include <chrono>
#include <future>
#include <map>
#include <thread>

#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"
#include "tundish/distributed/peer_error.hpp"

namespace tundish {
namespace {

using namespace std::chrono_literals;

// Those of the other ranks that end are gone by then, and with them what waits for them.
constexpr auto kEndOfBackend = 4s;

// One flat tensor for each dtype: a message each, whatever the number of tensors.
using Groups = std::map<at::ScalarType, std::vector<at::Tensor>>;

Groups by_dtype(const std::vector<at::Tensor>& tensors) {
    Groups groups;
    for (const auto& tensor : tensors) {
        if (tensor.numel() > 0) groups[tensor.scalar_type()].push_back(tensor.detach());
    }
    return groups;
}

at::Tensor flatten(const std::vector<at::Tensor>& tensors) {
    std::vector<at::Tensor> rows;
    for (const auto& tensor : tensors) rows.push_back(tensor.reshape({-1}));
    return at::cat(rows);
}

void unflatten(const at::Tensor& flat, const std::vector<at::Tensor>& tensors) {
    std::int64_t begin = 0;
    for (auto tensor : tensors) {
        tensor.copy_(flat.narrow(0, begin, tensor.numel()).view(tensor.sizes()));
        begin += tensor.numel();
    }
}

}  // namespace

GroupCommunicator::GroupCommunicator(const ClusterOptions& options, Store store, std::unique_ptr<PeerWatch> watch,
                                     c10::intrusive_ptr<c10d::Backend> backend)
    : options_(options), store_(std::move(store)), backend_(std::move(backend)), watch_(std::move(watch)) {}

GroupCommunicator::~GroupCommunicator() {
    auto* const backend = backend_.release();  // left behind, too, where there are no more threads to be had
    try {
        std::promise<void> promise;
        const auto ended = promise.get_future();
        std::thread([backend, promise = std::move(promise)]() mutable {
            c10::intrusive_ptr<c10d::Backend>::reclaim(backend).reset();
            promise.set_value();
        }).detach();
        if (ended.wait_for(kEndOfBackend) == std::future_status::timeout)
            log_debug("a sum waits for a lost rank and is left behind");
    } catch (const std::exception& error) {
        log_debug(error.what());
    }
}

// c10d says that a connection was closed, or that nothing came; the watch finds out whose and why.
template <typename Call>
void GroupCommunicator::together(const char* what, const Call& call) {
    const PeerWatch::Call waiting(*watch_, what);
    try {
        call();
    } catch (const std::exception& error) {
        std::string reason = watch_->reason_of_break();
        if (stop_requested()) throw Stopped(what);
        if (reason.empty()) reason = text("a connection to another rank broke: ", first_line(error.what()));
        while (reason.ends_with('.')) reason.pop_back();
        throw PeerError(text(reason, ". Look at that host's log. (This rank, ", name_of(options_, options_.rank),
                             ", was in ", what, " with the others.)"));
    }
}

template <typename Call>
void GroupCommunicator::for_each_dtype(const char* what, const std::vector<at::Tensor>& tensors, const Call& call) {
    for (const auto& [dtype, group] : by_dtype(tensors)) {
        std::vector<at::Tensor> flat{flatten(group)};
        together(what, [&] { call(flat)->wait(); });
        unflatten(flat[0], group);
    }
}

void GroupCommunicator::all_reduce_sum(const std::vector<at::Tensor>& tensors) {
    for_each_dtype("an all-reduce", tensors, [&](auto& flat) { return backend_->allreduce(flat); });
}

class GroupCommunicator::Sum final : public PendingSum {
  public:
    Sum(GroupCommunicator& owner, const at::Tensor& flat) : owner_(owner), flat_{flat} {
        owner_.together("an all-reduce", [this] { work_ = owner_.backend_->allreduce(flat_); });
    }
    void wait() override {
        owner_.together("an all-reduce", [this] { work_->wait(); });
    }

  private:
    GroupCommunicator& owner_;
    std::vector<at::Tensor> flat_;
    c10::intrusive_ptr<c10d::Work> work_;
};

std::unique_ptr<PendingSum> GroupCommunicator::start_sum(const at::Tensor& flat) {
    return std::make_unique<Sum>(*this, flat);
}

void GroupCommunicator::broadcast(const std::vector<at::Tensor>& tensors) {
    for_each_dtype("a broadcast", tensors, [&](auto& flat) { return backend_->broadcast(flat); });
}

bool GroupCommunicator::any(bool value) {
    auto sum = at::full({1}, value ? 1 : 0, at::TensorOptions(at::kInt));
    all_reduce_sum({sum});
    return sum.item<int>() > 0;
}

void GroupCommunicator::leave() {
    static_cast<void>(any(false));
    watch_->stop();
    static_cast<void>(any(false));  // nobody goes while another still watches
}

void GroupCommunicator::report_failure(const std::string& why) noexcept {
    leave_word(options_, *store_, failure_key(options_.rank), first_line(why));
}

void GroupCommunicator::report_stop() noexcept {
    leave_word(options_, *store_, kStopKey, std::to_string(options_.rank));
}

}  // namespace tundish
