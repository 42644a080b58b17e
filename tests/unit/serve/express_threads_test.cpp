#include "../src/serve/express_threads.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <atomic>
#include <future>
#include <set>

#include "support/catch.hpp"
#include "support/echo_server.hpp"
#include "support/fake_classifier.hpp"
#include "support/http_client.hpp"
#include "tundish/serve/engine.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

constexpr const char* kWhole = "GET / HTTP/1.1\r\n\r\n";

// Connections whose other ends a test holds, and who was told of them.
class Fixture {
  public:
    explicit Fixture(
        std::size_t threads, std::function<void()> serve = [] {}, bool at_once = true)
        : worth_it(at_once),
          serve_(std::move(serve)),
          express(
              threads, table, [this](Connection&) { serve_here(); }, [this](Connection&) { ++elsewhere; },
              [this] { return in_work.load(); }, [this] { return worth_it.load(); }) {
        express.look();
    }

    /// The client's end of a new connection.
    UniqueFd connect(const std::string& sent) {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        REQUIRE(::write(ends[1], sent.data(), sent.size()) == static_cast<ssize_t>(sent.size()));
        table.add(UniqueFd(ends[0]));
        return UniqueFd(ends[1]);
    }

    /// How many connections wait() tells of until there are so many, as the server's main thread would see it.
    std::size_t told(std::size_t most, std::chrono::milliseconds longest = 20s) {
        const auto end = std::chrono::steady_clock::now() + longest;
        std::size_t found = 0;
        while (found < most && std::chrono::steady_clock::now() < end) {
            found += table.wait(std::min(longest, express.look())).connections.size();
        }
        return found;
    }

    static void await(const std::atomic<std::size_t>& count, std::size_t least) {
        for (int i = 0; i < 20'000 && count < least; ++i) std::this_thread::sleep_for(1ms);
        REQUIRE(count >= least);
    }

    UniqueFd listener{::eventfd(0, EFD_CLOEXEC)}, stop{::eventfd(0, EFD_CLOEXEC)};
    ConnectionTable table{listener.get(), stop.get()};
    std::atomic<std::size_t> here{0}, elsewhere{0}, in_work{0};
    std::atomic<bool> worth_it;

  private:
    void serve_here() {
        ++here;
        serve_();
    }
    std::function<void()> serve_;

  public:
    ExpressThreads express;
};

}  // namespace

TEST_CASE("a request that is here whole is answered by an express thread, another one elsewhere") {
    std::atomic<bool> knows{false};
    Fixture fixture(1, [&] { knows = ExpressThreads::here(); });
    CHECK_FALSE(ExpressThreads::here());
    const auto whole = fixture.connect("POST / HTTP/1.1\r\ncontent-LENGTH:  4\r\n\r\nfour");
    Fixture::await(fixture.here, 1);
    CHECK(knows);
    for (const char* part : {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nfour", "GET / HTTP/1.1\r\n", ""}) {
        const auto before = fixture.elsewhere.load();
        { const auto client = fixture.connect(part); }  // closed at once: that is read elsewhere too
        Fixture::await(fixture.elsewhere, before + 1);
    }
    CHECK(fixture.here == 1);
}

TEST_CASE("express threads begin when they are worth it, and not before") {
    Fixture fixture(
        1, [] {}, false);
    CHECK_FALSE(fixture.express.has_room());
    const auto early = fixture.connect(kWhole);
    CHECK(fixture.told(1) == 1);
    fixture.worth_it = true;
    CHECK(fixture.told(1, 100ms) == 0);
    CHECK(fixture.express.has_room());
    const auto later = fixture.connect(kWhole);
    Fixture::await(fixture.here, 1);

    Fixture never(0);
    CHECK_FALSE(never.express.has_room());
    const auto client = never.connect(kWhole);
    CHECK(never.told(1) == 1);
}

TEST_CASE("while all express threads wait for something others are told, and afterwards these again") {
    Gate gate;
    std::atomic<int> still_here{0};
    Fixture fixture(2, [&] {
        ExpressThreads::about_to_wait();
        ExpressThreads::about_to_wait();  // counts once
        still_here += ExpressThreads::here() ? 1 : 0;
        gate.wait();
    });
    const auto first = fixture.connect(kWhole);
    const auto second = fixture.connect(kWhole);
    gate.await(2);
    CHECK(still_here == 0);
    CHECK_FALSE(fixture.express.has_room());
    const auto third = fixture.connect(kWhole);
    CHECK(fixture.told(1) == 1);
    CHECK(fixture.here == 2);
    gate.open();
    while (!fixture.express.has_room()) std::this_thread::sleep_for(1ms);
    CHECK(fixture.told(1, 100ms) == 0);  // looks again, and leaves it to them
    const auto fourth = fixture.connect(kWhole);
    Fixture::await(fixture.here, 3);
}

TEST_CASE("while all express threads are busy for long without a word others are told") {
    Gate gate;
    Fixture fixture(1, [&] { gate.wait(); });
    const auto first = fixture.connect(kWhole);
    gate.await(1);
    const auto second = fixture.connect(kWhole);
    CHECK(fixture.told(1) == 1);
    gate.open();
}

TEST_CASE("a crowd goes elsewhere, all that follow too, until few are in work") {
    Gate gate;
    Fixture fixture(1, [&] { gate.wait(); });
    const auto first = fixture.connect(kWhole);
    gate.await(1);
    std::vector<UniqueFd> crowd;
    for (int i = 0; i < 10; ++i) crowd.push_back(fixture.connect(kWhole));
    fixture.in_work = 11;
    gate.open();
    Fixture::await(fixture.elsewhere, 9);  // one of them is answered by the thread that found the others
    CHECK_FALSE(fixture.express.has_room());
    const auto later = fixture.connect(kWhole);
    CHECK(fixture.told(1) == 1);
    Fixture::await(fixture.here, 2);
    fixture.in_work = 1;
    CHECK(fixture.told(1, 100ms) == 0);
    CHECK(fixture.express.has_room());
    const auto last = fixture.connect(kWhole);
    Fixture::await(fixture.here, 3);
}

TEST_CASE("closed, express threads leave everything to others, and end while others still wait") {
    Gate gate;
    Fixture fixture(3, [&] { gate.wait(); });
    const auto first = fixture.connect(kWhole);
    gate.await(1);
    fixture.express.close();
    CHECK_FALSE(fixture.express.has_room());
    const auto second = fixture.connect(kWhole);
    CHECK(fixture.told(1) == 1);
    CHECK(fixture.told(1, 50ms) == 0);
    gate.open();
}

TEST_CASE("an engine whose callers compute lets express threads do so, and the others' images come from its workers") {
    const auto log = std::make_shared<FakeLog>();
    const FakeClassifier classifier(log);
    std::mutex mutex;
    std::set<std::thread::id> computed_by;
    Engine engine(classifier, {.workers = 1}, {.computed = [&](std::size_t, double) {
                      const std::lock_guard lock(mutex);
                      computed_by.insert(std::this_thread::get_id());
                  }});
    const auto ask = [&](std::size_t images) {
        PixelBatch pixels{{1, 2, 2}, images, std::vector<float>(4 * images, 51)};
        return engine.classify(std::move(pixels), Engine::Clock::now() + 120s);
    };
    std::promise<bool> computed_here;
    const auto on_express_thread = [&](std::size_t images) {
        {
            const std::lock_guard lock(mutex);
            computed_by.clear();
        }
        computed_here = {};
        Fixture fixture(1, [&] {
            const auto answer = ask(images);
            const std::lock_guard lock(mutex);
            computed_here.set_value(answer.size() == 2 * images && computed_by == std::set{std::this_thread::get_id()});
        });
        const auto client = fixture.connect(kWhole);
        return computed_here.get_future().get();
    };
    CHECK_FALSE(on_express_thread(1));
    engine.let_callers_compute();
    CHECK(on_express_thread(1));
    CHECK_FALSE(on_express_thread(2));
    CHECK(ask(1).size() == 2);
    CHECK(computed_by.count(std::this_thread::get_id()) == 0);
    CHECK(engine.in_flight() == 0);
    CHECK_FALSE(engine.computing());
}

TEST_CASE("an express thread that finds the workers busy waits for them, and its image joins their batch") {
    const auto log = std::make_shared<FakeLog>();
    const FakeClassifier classifier(log);
    Engine engine(classifier, {.workers = 1});
    engine.let_callers_compute();
    const auto ask = [&](float first) {
        return engine.classify({{1, 2, 2}, 1, std::vector<float>{first, 0, 0, 0}}, Engine::Clock::now() + 120s);
    };
    auto busy = std::async(std::launch::async, [&] { return ask(kWaits); });
    log->gate.await(1);
    Fixture fixture(2, [&] { ask(1); });
    const auto first = fixture.connect(kWhole);
    const auto second = fixture.connect(kWhole);
    while (engine.waiting().requests < 2) std::this_thread::sleep_for(1ms);
    CHECK_FALSE(fixture.express.has_room());  // both wait
    log->gate.open();
    busy.get();
    fixture.express.close();
    while (engine.in_flight() > 0) std::this_thread::sleep_for(1ms);
    CHECK(log->seen() == std::vector<std::size_t>{1, 2});
}
