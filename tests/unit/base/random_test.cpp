#include <algorithm>
#include <set>
#include <vector>

#include "support/catch.hpp"
#include "tundish/base/random.hpp"

using namespace tundish;

TEST_CASE("draws depend on every part of their key") {
    CHECK(random_bits({1, 2, 3}) == random_bits({1, 2, 3}));
    std::set<std::uint64_t> seen;
    for (std::uint64_t a = 0; a < 20; ++a) {
        for (std::uint64_t b = 0; b < 20; ++b) seen.insert(random_bits({a, b}));
    }
    CHECK(seen.size() == 400);
}

TEST_CASE("random_below covers its range evenly") {
    std::vector<int> counts(7);
    for (std::uint64_t i = 0; i < 7000; ++i) {
        const auto value = random_below(7, {42, i});
        REQUIRE(value >= 0);
        REQUIRE(value < 7);
        ++counts[static_cast<std::size_t>(value)];
    }
    for (const int count : counts) {
        CHECK(count > 850);
        CHECK(count < 1150);
    }
}

TEST_CASE("random_unit lies in [0, 1) with mean one half") {
    double sum = 0.0;
    for (std::uint64_t i = 0; i < 10000; ++i) {
        const double value = random_unit({7, i});
        REQUIRE(value >= 0.0);
        REQUIRE(value < 1.0);
        sum += value;
    }
    CHECK(sum / 10000 == Approx(0.5).margin(0.02));
}

TEST_CASE("an order is a permutation that changes with seed and epoch") {
    auto order = random_order(1000, 3, 0);
    CHECK(order == random_order(1000, 3, 0));
    CHECK(order != random_order(1000, 3, 1));
    CHECK(order != random_order(1000, 4, 0));
    std::sort(order.begin(), order.end());
    for (std::int64_t i = 0; i < 1000; ++i) REQUIRE(order[static_cast<std::size_t>(i)] == i);
    CHECK(random_order(0, 1, 1).empty());
}
