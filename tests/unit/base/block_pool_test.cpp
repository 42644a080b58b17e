#include "tundish/base/block_pool.hpp"

#include "support/catch.hpp"

#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace {
constexpr std::size_t kMiB = 1 << 20;

std::size_t difference(const void* high, const void* low) {
    return static_cast<std::size_t>(static_cast<const char*>(high) - static_cast<const char*>(low));
}
}  // namespace

TEST_CASE("a released block is given again, and neighbours become one") {
    tundish::BlockPool pool(64 * kMiB);
    void* a = pool.allocate(3 * kMiB);
    void* b = pool.allocate(2 * kMiB);
    void* c = pool.allocate(kMiB);
    CHECK(difference(b, a) == 3 * kMiB);
    CHECK(difference(c, b) == 2 * kMiB);
    pool.release(a);
    pool.release(b);
    CHECK(pool.allocate(5 * kMiB) == a);
    CHECK(pool.extent() == 6 * kMiB);
}

TEST_CASE("the smallest block that is large enough is taken") {
    tundish::BlockPool pool(64 * kMiB);
    void* large = pool.allocate(8 * kMiB);
    void* kept = pool.allocate(kMiB);
    void* small = pool.allocate(2 * kMiB);
    void* last = pool.allocate(kMiB);
    pool.release(large);
    pool.release(small);
    CHECK(pool.allocate(kMiB + 1) == small);
    CHECK(pool.allocate(3 * kMiB) == large);
    CHECK(pool.extent() == 12 * kMiB);
    pool.release(kept);
    pool.release(last);
}

TEST_CASE("a free block at the top is made longer") {
    tundish::BlockPool pool(64 * kMiB);
    void* a = pool.allocate(4 * kMiB);
    pool.release(a);
    CHECK(pool.allocate(6 * kMiB) == a);
    CHECK(pool.extent() == 6 * kMiB);
}

TEST_CASE("a pool that is used up says so, and lives on") {
    tundish::BlockPool pool(4 * kMiB);
    void* a = pool.allocate(3 * kMiB);
    CHECK(pool.allocate(2 * kMiB) == nullptr);
    CHECK(pool.allocate(~std::size_t{0} - 100 * kMiB) == nullptr);
    pool.release(a);
    CHECK(pool.allocate(4 * kMiB) == a);
}

TEST_CASE("blocks of several threads never overlap") {
    tundish::BlockPool pool(1024 * kMiB);
    const auto work = [&pool](unsigned char mark) {
        std::mt19937 random(mark);
        std::vector<std::pair<unsigned char*, std::size_t>> blocks;
        for (int round = 0; round < 300; ++round) {
            const std::size_t bytes = 4096 * (1 + random() % 64);
            auto* block = static_cast<unsigned char*>(pool.allocate(bytes));
            if (block == nullptr) return false;
            std::memset(block, mark, bytes);
            blocks.emplace_back(block, bytes);
            if (blocks.size() < 20) continue;
            const auto chosen = blocks.begin() + static_cast<std::ptrdiff_t>(random() % blocks.size());
            for (std::size_t i = 0; i < chosen->second; ++i) {
                if (chosen->first[i] != mark) return false;
            }
            pool.release(chosen->first);
            blocks.erase(chosen);
        }
        for (const auto& [block, bytes] : blocks) pool.release(block);
        return true;
    };
    std::vector<char> whole(4, 0);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < whole.size(); ++i)
        threads.emplace_back([&, i] { whole[i] = work(static_cast<unsigned char>(i + 1)) ? 1 : 0; });
    for (auto& thread : threads) thread.join();
    CHECK(whole == std::vector<char>(4, 1));
    const std::size_t before = pool.extent();
    CHECK(pool.allocate(before) != nullptr);  // all of it is one block again
    CHECK(pool.extent() == before);
}
