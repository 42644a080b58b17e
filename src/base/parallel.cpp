#include "tundish/base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace tundish {

void for_each_index(std::size_t count, int threads, const std::function<void(std::size_t)>& work) {
    std::vector<std::exception_ptr> failures(count);
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> failed = false;
    const auto take = [&] {
        // Asked before taking: whatever has a smaller index than a failure is run, so the same failure is thrown each
        // time.
        while (!failed) {
            const std::size_t i = next++;
            if (i >= count) return;
            try {
                work(i);
            } catch (...) {
                failures[i] = std::current_exception();
                failed = true;
            }
        }
    };
    {
        std::vector<std::jthread> helpers;
        const std::size_t wanted = std::min(count, static_cast<std::size_t>(std::max(threads, 1)));
        for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(take);
        take();
    }
    const auto first = std::find_if(failures.begin(), failures.end(), [](const auto& failure) { return failure; });
    if (first != failures.end()) std::rethrow_exception(*first);
}

}  // namespace tundish
