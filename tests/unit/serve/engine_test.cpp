#include "tundish/serve/engine.hpp"

#include <atomic>
#include <future>
#include <thread>

#include "support/catch.hpp"
#include "support/fake_classifier.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 120s;  // no test waits for this

PixelBatch images_of(const std::vector<float>& firsts) {
    std::vector<float> values;
    for (const float first : firsts) values.insert(values.end(), {first, 0, 0, 0});
    return {{1, 2, 2}, firsts.size(), std::move(values)};
}

std::vector<float> bright_of(const std::vector<float>& probabilities) {
    std::vector<float> out;
    for (std::size_t i = 1; i < probabilities.size(); i += 2) out.push_back(probabilities[i]);
    return out;
}

std::vector<float> expected(const std::vector<float>& firsts) {
    std::vector<float> out;
    for (const float first : firsts) out.push_back(first / 255);
    return out;
}

// An engine with a worker that waits at the gate, so that what comes then gathers in the queue.
class Fixture {
  public:
    explicit Fixture(EngineOptions options = {}, EngineEvents events = {})
        : classifier(log), engine(classifier, options, std::move(events)) {}

    ~Fixture() { log->gate.open(); }

    std::future<std::vector<float>> send(const std::vector<float>& firsts, std::chrono::milliseconds time = kLong,
                                         const std::function<bool()>& gone = {}) {
        const std::size_t before = engine.in_flight();
        auto answer = std::async(std::launch::async, [this, firsts, time, gone] {
            return engine.classify(images_of(firsts), Engine::Clock::now() + time, gone);
        });
        while (engine.in_flight() == before && answer.wait_for(1ms) != std::future_status::ready) {
        }
        return answer;
    }

    std::future<std::vector<float>> block() {
        auto answer = send({kWaits});
        log->gate.await(1);
        return answer;
    }

    std::shared_ptr<FakeLog> log = std::make_shared<FakeLog>();
    FakeClassifier classifier;
    Engine engine;
};

// "503 queue_full" of what is thrown.
std::string refusal(std::future<std::vector<float>> answer) {
    try {
        answer.get();
    } catch (const RequestError& error) {
        return text(error.status(), ' ', error.code());
    }
    return "nothing was thrown";
}

}  // namespace

TEST_CASE("an idle engine answers one image at once, as bytes or floats") {
    Fixture fixture;
    CHECK(bright_of(fixture.send({51}).get()) == expected({51}));
    const PixelBatch bytes{{1, 2, 2}, 2, Bytes{102, 0, 0, 0, 255, 0, 0, 0}};
    CHECK(bright_of(fixture.engine.classify(bytes, Engine::Clock::now() + kLong)) == expected({102, 255}));
    CHECK(fixture.log->seen() == std::vector<std::size_t>{1, 2});
    CHECK(fixture.engine.classify(images_of({}), Engine::Clock::now() + kLong).empty());
}

TEST_CASE("requests that wait are answered in one batch, each with its own images") {
    Fixture fixture;
    auto first = fixture.block();
    auto two = fixture.send({10, 20});
    auto three = fixture.send({30, 40, 50});
    auto one = fixture.send({60});
    CHECK(fixture.engine.in_flight() == 4);
    fixture.log->gate.open();
    CHECK(bright_of(two.get()) == expected({10, 20}));
    CHECK(bright_of(three.get()) == expected({30, 40, 50}));
    CHECK(bright_of(one.get()) == expected({60}));
    CHECK(bright_of(first.get()) == expected({kWaits}));
    CHECK(fixture.log->seen() == std::vector<std::size_t>{1, 6});
    CHECK(fixture.engine.in_flight() == 0);
}

TEST_CASE("a batch is never larger than allowed: long requests are cut, in order") {
    Fixture fixture({.largest_batch = 4});
    auto first = fixture.block();
    auto two = fixture.send({10, 20});
    auto ten = fixture.send({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    fixture.log->gate.open();
    CHECK(bright_of(ten.get()) == expected({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
    CHECK(bright_of(two.get()) == expected({10, 20}));
    CHECK(fixture.log->seen() == std::vector<std::size_t>{1, 4, 4, 4});
}

namespace {

// Whoever computes batch number `number` stays there until the gate is opened.
EngineEvents stop_at(int number, const std::shared_ptr<Gate>& gate) {
    EngineEvents events;
    events.computed = [number, gate, count = std::make_shared<std::atomic<int>>(0)](std::size_t, double) {
        if (++*count == number) gate->wait();
    };
    return events;
}

}  // namespace

TEST_CASE("a long request keeps a short one behind it waiting for one batch only") {
    const auto gate = std::make_shared<Gate>();
    Fixture fixture({.largest_batch = 4}, stop_at(4, gate));
    auto first = fixture.block();
    auto twelve = fixture.send({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    auto one = fixture.send({60});
    auto two = fixture.send({70, 80});
    fixture.log->gate.open();
    CHECK(one.wait_for(20s) == std::future_status::ready);  // both were in the third batch
    CHECK(two.wait_for(20s) == std::future_status::ready);
    CHECK(twelve.wait_for(0s) == std::future_status::timeout);
    gate->open();
    CHECK(bright_of(one.get()) == expected({60}));
    CHECK(bright_of(two.get()) == expected({70, 80}));
    CHECK(bright_of(twelve.get()) == expected({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
    CHECK(fixture.log->seen() == std::vector<std::size_t>{1, 4, 4, 4, 3});
}

TEST_CASE("what is given up is 503, in work, waiting or new, and the engine ends") {
    Fixture fixture({.largest_batch = 1});
    auto running = fixture.block();
    auto waiting = fixture.send({1, 2, 3});
    fixture.engine.give_up();
    CHECK(refusal(std::move(running)) == "503 draining");
    CHECK(refusal(std::move(waiting)) == "503 draining");
    CHECK(refusal(fixture.send({4})) == "503 draining");
    CHECK(fixture.engine.in_flight() == 0);
}

TEST_CASE("of equal long requests the first is done before the next one begins") {
    const auto gate = std::make_shared<Gate>();
    Fixture fixture({.largest_batch = 4}, stop_at(4, gate));
    auto first = fixture.block();
    auto earlier = fixture.send({1, 2, 3, 4, 5, 6, 7, 8});
    auto later = fixture.send({8, 7, 6, 5, 4, 3, 2, 1});
    fixture.log->gate.open();
    CHECK(earlier.wait_for(20s) == std::future_status::ready);
    CHECK(later.wait_for(0s) == std::future_status::timeout);
    gate->open();
    CHECK(bright_of(later.get()) == expected({8, 7, 6, 5, 4, 3, 2, 1}));
}

TEST_CASE("several workers share a long request") {
    Fixture fixture({.workers = 3, .largest_batch = 8});
    std::vector<float> many(100);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<float>(i);
    std::vector<std::future<std::vector<float>>> answers;
    for (int i = 0; i < 8; ++i) answers.push_back(fixture.send(many));
    for (auto& answer : answers) CHECK(bright_of(answer.get()) == expected(many));
    for (const std::size_t images : fixture.log->seen()) CHECK(images <= 8);
}

TEST_CASE("where batches are filled a worker leaves nothing for the others") {
    Fixture fixture({.workers = 2, .largest_batch = 16, .fills_batches = true});
    auto one = fixture.send({kWaits});
    fixture.log->gate.await(1);  // else one worker may take both
    auto two = fixture.send({kWaits});
    fixture.log->gate.await(2);
    std::vector<std::future<std::vector<float>>> answers;
    for (int i = 0; i < 4; ++i) answers.push_back(fixture.send({1, 2, 3, 4}));
    fixture.log->gate.open();
    for (auto& answer : answers) CHECK(bright_of(answer.get()) == expected({1, 2, 3, 4}));
    CHECK(fixture.log->seen() == std::vector<std::size_t>{1, 1, 16});
}

TEST_CASE("too many requests or images: 503 at once, and the others are answered") {
    Fixture fixture({.most_requests = 3, .most_images = 6});
    auto first = fixture.block();
    auto second = fixture.send({1, 2, 3, 4, 5});
    CHECK(refusal(fixture.send({1})) == "503 queue_full");  // seven images
    fixture.log->gate.open();
    CHECK(second.get().size() == 10);
    first.get();
    CHECK(fixture.send(std::vector<float>(50, 1)).get().size() == 100);  // alone it finds its place

    Fixture other({.most_requests = 2});
    auto running = other.block();
    auto waiting = other.send({1});
    CHECK(refusal(other.send({2})) == "503 queue_full");
    other.log->gate.open();
    CHECK(bright_of(waiting.get()) == expected({1}));
}

TEST_CASE("a request whose time is over while it waits: 503, and it is never run") {
    Fixture fixture;
    auto first = fixture.block();
    CHECK(refusal(fixture.send({7, 8, 9}, 20ms)) == "503 deadline_exceeded");
    CHECK(fixture.engine.in_flight() == 1);
    auto last = fixture.send({1});
    fixture.log->gate.open();
    CHECK(bright_of(last.get()) == expected({1}));
    CHECK(fixture.log->seen() == std::vector<std::size_t>{1, 1});
}

TEST_CASE("a request whose client has gone while it waits: 499, and it is never run") {
    Fixture fixture;
    auto first = fixture.block();
    std::atomic<bool> gone{false};
    auto waiting = fixture.send({7, 8, 9}, kLong, [&] { return gone.load(); });
    CHECK(waiting.wait_for(700ms) == std::future_status::timeout);
    gone = true;
    CHECK(refusal(std::move(waiting)) == "499 client_gone");
    CHECK(fixture.engine.in_flight() == 1);
    auto last = fixture.send({1}, kLong, [] { return false; });
    fixture.log->gate.open();
    CHECK(bright_of(last.get()) == expected({1}));
    CHECK(fixture.log->seen() == std::vector<std::size_t>{1, 1});
}

TEST_CASE("a request whose time is over while it runs: 503, and the engine goes on") {
    Fixture fixture({.largest_batch = 2});
    auto running = fixture.send({kWaits, 1, 2, 3}, 50ms);
    fixture.log->gate.await(1);
    CHECK(refusal(std::move(running)) == "503 deadline_exceeded");
    fixture.log->gate.open();
    CHECK(bright_of(fixture.send({9}).get()) == expected({9}));
    CHECK(fixture.log->seen() == std::vector<std::size_t>{2, 1});  // its second half is dropped
}

TEST_CASE("one bad request in a batch hurts nobody else") {
    const float bad = GENERATE(kThrows, kNotANumber, kNoMemory);
    using Batches = std::vector<std::size_t>;
    const Batches batches = bad == kNoMemory ? Batches{1, 5, 2, 3, 2, 1} : Batches{1, 5, 2, 2, 1};
    Fixture fixture;
    auto first = fixture.block();
    auto before = fixture.send({1, 2});
    auto broken = fixture.send({3, bad});
    auto after = fixture.send({4});
    fixture.log->gate.open();
    CHECK(bright_of(before.get()) == expected({1, 2}));
    CHECK(bright_of(after.get()) == expected({4}));
    CHECK(refusal(std::move(broken)) == "500 model_failed");
    CHECK(fixture.log->seen() == batches);
    CHECK(bright_of(fixture.send({5}).get()) == expected({5}));
}

TEST_CASE("a batch that there is no memory for is tried in halves, once") {
    Fixture fixture;
    fixture.log->memory_for = 4;
    auto first = fixture.block();
    auto two = fixture.send({1, 2});
    auto five = fixture.send({3, 4, 5, 6, 7});
    fixture.log->gate.open();
    CHECK(bright_of(two.get()) == expected({1, 2}));
    CHECK(bright_of(five.get()) == expected({3, 4, 5, 6, 7}));
    CHECK(fixture.log->seen() == std::vector<std::size_t>{1, 7, 3, 4});
    first.get();

    Fixture smaller;
    smaller.log->memory_for = 2;
    CHECK(refusal(smaller.send({1, 2, 3, 4, 5, 6})) == "500 model_failed");
    CHECK(smaller.log->seen() == std::vector<std::size_t>{6, 3, 3});
    CHECK(bright_of(smaller.send({1, 2}).get()) == expected({1, 2}));
}

TEST_CASE("a long request that fails in one part fails once, with the model's words") {
    Fixture fixture({.largest_batch = 2});
    std::string message;
    try {
        fixture.send({1, 2, 3, kThrows, 5, 6}).get();
    } catch (const RequestError& error) {
        message = error.what();
    }
    CHECK(message == "the model failed: this image breaks the model");
}

TEST_CASE("the longest pass is zero while nothing is computed, and grows while something is") {
    Fixture fixture({.workers = 2});
    CHECK(fixture.engine.longest_pass() == 0ms);
    auto first = fixture.block();
    while (fixture.engine.longest_pass() < 20ms) std::this_thread::sleep_for(1ms);
    const auto seen = fixture.engine.longest_pass();
    fixture.send({1}).get();  // the other worker's quick pass changes nothing
    CHECK(fixture.engine.longest_pass() >= seen);
    fixture.log->gate.open();
    first.get();
    CHECK(fixture.engine.longest_pass() == 0ms);
}

TEST_CASE("with a delay a batch waits for more images, and no longer once it is full") {
    Fixture fixture({.largest_batch = 3, .batch_delay = 100s});
    auto first = fixture.block();
    auto one = fixture.send({1});
    auto two = fixture.send({2});
    fixture.log->gate.open();
    CHECK(bright_of(first.get()) == expected({kWaits}));
    CHECK(one.wait_for(20ms) == std::future_status::timeout);
    auto three = fixture.send({3});
    CHECK(bright_of(one.get()) == expected({1}));
    CHECK(bright_of(two.get()) == expected({2}));
    CHECK(bright_of(three.get()) == expected({3}));
    CHECK(fixture.log->seen() == std::vector<std::size_t>{1, 3});
}

TEST_CASE("with a delay a request that is alone waits for nobody, also when the others are gone") {
    const auto begin = Engine::Clock::now();
    Fixture fixture({.largest_batch = 3, .batch_delay = 100s});
    for (int i = 0; i < 3; ++i) CHECK(bright_of(fixture.send({1}).get()) == expected({1}));
    auto first = fixture.block();
    auto last = fixture.send({2});  // alone from when the first is answered
    fixture.log->gate.open();
    CHECK(bright_of(last.get()) == expected({2}));
    CHECK(bright_of(first.get()) == expected({kWaits}));
    Fixture busy({.largest_batch = 3, .batch_delay = 100s});
    auto running = busy.block();
    auto staying = busy.send({2});
    auto leaving = busy.send({1}, 50ms);
    CHECK(refusal(std::move(leaving)) == "503 deadline_exceeded");
    busy.log->gate.open();
    CHECK(bright_of(staying.get()) == expected({2}));
    running.get();
    CHECK(Engine::Clock::now() - begin < 50s);
}

TEST_CASE("what waits is told in requests and images") {
    Fixture fixture({.largest_batch = 4});
    auto first = fixture.block();
    auto two = fixture.send({1, 2});
    auto three = fixture.send({3, 4, 5});
    CHECK(fixture.engine.waiting().requests == 2);
    CHECK(fixture.engine.waiting().images == 5);
    fixture.log->gate.open();
    two.get();
    three.get();
    first.get();
    CHECK(fixture.engine.waiting().requests == 0);
    CHECK(fixture.engine.waiting().images == 0);
}

TEST_CASE("what waited and what was computed is told") {
    std::atomic<int> waited{0};
    std::atomic<std::size_t> images{0};
    {
        Fixture fixture({.largest_batch = 2},
                        {.waited = [&](double seconds) { waited += seconds >= 0 ? 1 : 100; },
                         .computed = [&](std::size_t count, double seconds) { images += seconds >= 0 ? count : 100; }});
        fixture.send({1, 2, 3}).get();
        fixture.send({1}).get();
    }
    CHECK(waited == 2);  // once each, however they are cut
    CHECK(images == 4);
}
