#include "tundish/serve/memory_budget.hpp"

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

using Lease = MemoryBudget::Lease;

Lease take(MemoryBudget& budget, std::size_t bytes, std::chrono::milliseconds patience = 120s) {
    return budget.take(bytes, MemoryBudget::Clock::now() + patience);
}

// A thread that asks, once it waits.
std::future<Lease> ask(MemoryBudget& budget, std::size_t bytes, std::chrono::milliseconds patience = 120s) {
    const std::size_t before = budget.waiting();
    auto lease = std::async(std::launch::async, [&budget, bytes, patience] { return take(budget, bytes, patience); });
    while (budget.waiting() == before) std::this_thread::yield();
    return lease;
}

// "503 busy: …" of what is thrown.
template <typename Action>
std::string refusal_of(const Action& action) {
    try {
        action();
    } catch (const RequestError& error) {
        return text(error.status(), ' ', error.code(), ": ", error.what());
    }
    return "nothing was thrown";
}

bool is_here(const std::future<Lease>& lease) {
    return lease.wait_for(0s) == std::future_status::ready;
}

}  // namespace

TEST_CASE("what is free is taken at once, and given back at the end of the lease") {
    MemoryBudget budget(100);
    {
        const Lease some = take(budget, 60, 0ms), rest = take(budget, 40, 0ms), nothing = take(budget, 0, 0ms);
        CHECK(budget.used() == 100);
        CHECK(some.bytes() == 60);
    }
    CHECK(budget.used() == 0);
    const Lease all = take(budget, 100, 0ms);
    CHECK(budget.used() == 100);
}

TEST_CASE("who asked first is served first, large or small") {
    MemoryBudget budget(100);
    Lease first = take(budget, 50);
    auto large = ask(budget, 100), small = ask(budget, 10);
    CHECK_FALSE(is_here(small));  // there is room for it, but not its turn
    first = Lease();
    Lease all = large.get();
    CHECK_FALSE(is_here(small));
    all.shrink_to(90);
    CHECK(small.get().bytes() == 10);
}

TEST_CASE("more than the whole budget is refused at once, with the limit and what to do") {
    MemoryBudget budget(5'000'000);
    const Lease all = take(budget, 5'000'000);
    CHECK(lacks(refusal_of([&] { take(budget, 6'000'000); }),
                {"413 too_large: ", "6.0 MB", "5.0 MB", "smaller images", "--working-memory"})
              .empty());
    CHECK(budget.waiting() == 0);
}

TEST_CASE("what is not free in time is 503, and those behind are served all the same") {
    MemoryBudget budget(100);
    const Lease most = take(budget, 80);
    auto large = ask(budget, 50, 100ms);
    auto small = ask(budget, 10);
    CHECK(refusal_of([&] { large.get(); }).starts_with("503 busy: "));
    CHECK(small.get().bytes() == 10);
    CHECK(budget.used() == 80);
    CHECK(refusal_of([&] { take(budget, 30, -1s); }).starts_with("503 busy: "));
}

TEST_CASE("a lease grows as far as there is room, and never waits") {
    MemoryBudget budget(100);
    Lease one = take(budget, 10), two = take(budget, 20);
    one.grow(60);
    CHECK(budget.used() == 90);
    CHECK(refusal_of([&] { two.grow(11); }).starts_with("503 busy: "));
    CHECK(refusal_of([&] { two.grow(81); }).starts_with("413 too_large: "));
    CHECK(two.bytes() == 20);
    two.grow(10);
    one = std::move(two);
    CHECK(budget.used() == 30);
}

TEST_CASE("what may not wait gets its bytes at once or nothing") {
    MemoryBudget budget(100);
    auto lease = budget.try_take(60);
    REQUIRE(lease);
    CHECK_FALSE(budget.try_take(41));
    CHECK(lease->try_grow(40));
    CHECK_FALSE(lease->try_grow(1));
    CHECK(budget.used() == 100);
    CHECK(refusal_of([&] { budget.take_now(1); }).starts_with("503 busy: "));
    CHECK(refusal_of([&] { budget.take_now(101); }).starts_with("413 too_large: "));
    lease.reset();
    CHECK(budget.take_now(100).bytes() == 100);
    CHECK(budget.used() == 0);
}

TEST_CASE("an exception gives a lease back") {
    MemoryBudget budget(100);
    CHECK_THROWS([&] {
        const Lease all = take(budget, 100);
        throw std::runtime_error("a body that cannot be read");
    }());
    CHECK(take(budget, 100, 0ms).bytes() == 100);
}

TEST_CASE("16 threads that ask all the time never hold more than the budget") {
    constexpr std::size_t kTotal = 1024;
    MemoryBudget budget(kTotal);
    std::atomic<std::size_t> held{0}, most{0};
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < 16; ++i) {
        threads.emplace_back([&, seed = i]() mutable {
            for (int n = 0; n < 500; ++n) {
                seed = seed * 1664525U + 1013904223U;
                const Lease lease = take(budget, seed >> 24U << (n % 3));
                const std::size_t now = held += lease.bytes();
                for (std::size_t seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
                }
                held -= lease.bytes();
            }
        });
    }
    threads.clear();
    CHECK(most <= kTotal);
    CHECK(most > 0);
    CHECK(budget.used() == 0);
    CHECK(budget.waiting() == 0);
}
