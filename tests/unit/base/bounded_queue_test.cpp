#include "tundish/base/bounded_queue.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

using tundish::BoundedQueue;
using namespace std::chrono_literals;

TEST_CASE("a queue gives items in order and ends after close()") {
    BoundedQueue<int> queue(3);
    CHECK(queue.push(1));
    CHECK(queue.push(2));
    queue.close();
    CHECK_FALSE(queue.push(3));
    CHECK(queue.pop() == 1);
    CHECK(queue.pop() == 2);
    CHECK_FALSE(queue.pop().has_value());
    CHECK_FALSE(queue.pop().has_value());
}

TEST_CASE("a full queue makes the writer wait") {
    BoundedQueue<int> queue(2);
    std::atomic<int> pushed{0};
    std::jthread writer([&] {
        for (int i = 0; i < 5; ++i) {
            queue.push(i);
            ++pushed;
        }
    });
    std::this_thread::sleep_for(50ms);
    CHECK(pushed == 2);
    for (int i = 0; i < 5; ++i) CHECK(queue.pop() == i);
}

TEST_CASE("a failure reaches the reader after what was pushed before it") {
    BoundedQueue<int> queue(3);
    queue.push(1);
    queue.fail(std::make_exception_ptr(std::runtime_error("first")));
    queue.fail(std::make_exception_ptr(std::runtime_error("second")));
    CHECK(queue.pop() == 1);
    CHECK_THROWS_WITH(queue.pop(), "first");
    CHECK_FALSE(queue.push(2));
}

TEST_CASE("cancel() drops items and wakes a waiting writer and a waiting reader") {
    BoundedQueue<std::unique_ptr<int>> full(1);
    full.push(std::make_unique<int>(1));
    BoundedQueue<int> empty(1);
    std::atomic<bool> refused{false};
    std::atomic<bool> ended{false};
    {
        const std::jthread writer([&] { refused = !full.push(std::make_unique<int>(2)); });
        const std::jthread reader([&] { ended = !empty.pop().has_value(); });
        std::this_thread::sleep_for(20ms);
        full.cancel();
        empty.cancel();
    }
    CHECK(refused);
    CHECK(ended);
    CHECK_FALSE(full.pop().has_value());
}

TEST_CASE("several writers and readers lose nothing and give nothing twice") {
    BoundedQueue<int> queue(4);
    std::vector<std::atomic<int>> seen(4000);
    {
        std::vector<std::jthread> readers;
        for (int r = 0; r < 3; ++r) {
            readers.emplace_back([&] {
                while (const auto item = queue.pop()) ++seen[static_cast<std::size_t>(*item)];
            });
        }
        std::vector<std::jthread> writers;
        for (int w = 0; w < 4; ++w) {
            writers.emplace_back([&queue, w] {
                for (int i = 0; i < 1000; ++i) queue.push(w * 1000 + i);
            });
        }
        for (auto& writer : writers) writer.join();
        queue.close();
    }
    int wrong = 0;
    for (const auto& count : seen) wrong += count == 1 ? 0 : 1;
    CHECK(wrong == 0);
}
