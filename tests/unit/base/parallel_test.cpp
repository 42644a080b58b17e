#include "tundish/base/parallel.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using namespace tundish;

TEST_CASE("for_each_index: every index once, whatever the number of threads") {
    for (const int threads : {-1, 0, 1, 2, 7}) {
        for (const std::size_t count : {0, 1, 5, 100}) {
            std::vector<std::atomic<int>> calls(count);
            for_each_index(count, threads, [&](std::size_t i) { ++calls[i]; });
            for (const auto& number : calls) CHECK(number == 1);
        }
    }
}

TEST_CASE("for_each_index: the first of several failures is thrown, and what has not begun does not start") {
    for (int round = 0; round < 50; ++round) {
        std::atomic<int> calls = 0;
        std::string message;
        try {
            for_each_index(1000, 4, [&](std::size_t i) {
                ++calls;
                if (i >= 3) throw std::runtime_error(std::to_string(i));
            });
        } catch (const std::runtime_error& error) {
            message = error.what();
        }
        CHECK(message == "3");
        CHECK(calls < 100);
    }
}
