// The memory that requests take together while they are read: asked for, bounded, given back.
#include <fstream>
#include <future>
#include <thread>

#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/errors.hpp"
#include "support/framed_bytes.hpp"
#include "support/image_files.hpp"
#include "support/loaded_endpoint.hpp"
#include "support/npy_bytes.hpp"
#include "support/requests.hpp"
#include "tundish/base/heap.hpp"
#include "tundish/serve/memory_guard.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

// Remembers what it was asked for, and refuses from a limit on.
struct Recorder : MemoryGuard {
    std::size_t body = 0, image = 0, limit = std::size_t{1} << 40;
    int images = 0, decoding = 0;

    void claim(std::size_t bytes) override {
        if (bytes > limit) throw RequestError(503, "busy", "a test");
        body += bytes;
    }
    void claim_image(std::size_t bytes) override {
        if (bytes > limit) throw RequestError(503, "busy", "a test");
        image = bytes;
        ++images;
        ++decoding;
    }
    void release_image() noexcept override { --decoding; }
};

Recorder asked_by(std::string_view type, std::string_view body, const ImageShape& model = kTinyColour) {
    Recorder recorder;
    ParseLimits limits;
    limits.memory = &recorder;
    refusal(type, body, model, limits);
    CHECK(recorder.decoding == 0);
    return recorder;
}

class Loaded : public LoadedEndpoint {
  public:
    using LoadedEndpoint::LoadedEndpoint;

    /// How many of as many requests at once are answered with 200.
    int invoke_at_once(int count, const std::string& body, const std::string& type) {
        std::atomic<int> good{0};
        {
            std::vector<std::jthread> clients;
            for (int i = 0; i < count; ++i) {
                clients.emplace_back([&] { good += invoke(body, type).status == 200 ? 1 : 0; });
            }
        }
        return good;
    }
};

[[maybe_unused]] std::size_t kilobytes(const std::string& of) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        std::size_t value = 0;
        if (word == of && status >> value) return value;
    }
    return 0;
}

}  // namespace

// First, and in a program of its own: the heap that other tests leave has arenas for each of their threads.
TEST_CASE("six images at once take no more memory than the server may") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP_TEST("a sanitizer keeps freed memory and has some of its own");
#else
    const std::string png = plain_image(".png", 5000, 5000, 1, 2, 3);  // 150 MB while it is decoded
    const int code = exit_code_of([&] {
        share_freed_memory();  // as serve() does
        Loaded loaded({.working_memory = 320'000'000});
        if (loaded.invoke(png, "image/png").status != 200) return 1;
        const std::size_t before = kilobytes("VmRSS:");
        if (loaded.invoke_at_once(6, png, "image/png") != 6) return 2;
        return kilobytes("VmHWM:") < before + 250'000 ? 0 : 3;  // 900,000 if nobody waited
    });
    CHECK(code == 0);
#endif
}

TEST_CASE("an image is asked for by its header, before it is decoded") {
    CHECK(asked_by("image/png", plain_image(".png", 50, 40, 1, 2, 3)).image == 6 * 50 * 40);
    CHECK(asked_by("image/jpeg", plain_image(".jpg", 50, 40, 1, 2, 3)).image == 9 * 50 * 40);
    CHECK(asked_by("image/png", encoded(cv::Mat(50, 40, CV_8UC4, cv::Scalar(1, 2, 3, 4)), ".png")).image ==
          15 * 50 * 40);
    CHECK(asked_by("image/png", plain_image(".png", 50, 40, 1, 2, 3).substr(0, 50)).images == 0);
    Recorder strict;
    strict.limit = 6 * 50 * 40 - 1;
    ParseLimits limits;
    limits.memory = &strict;
    CHECK(refusal("image/png", plain_image(".png", 50, 40, 1, 2, 3), kTinyColour, limits).starts_with("503 busy"));
}

TEST_CASE("each encoded image of a body is asked for alone, its pixels where they gather") {
    std::string records;
    for (int i = 0; i < 5; ++i) records += recordio_dmlc(plain_image(".png", 50, 40, 1, 2, 3));
    const Recorder recorder = asked_by("application/x-recordio", records, {3, 100, 100});
    CHECK(recorder.images == 5);
    CHECK(recorder.image == 6 * 50 * 40);
    CHECK(recorder.body >= records.size() + 5 * 30'000);
}

TEST_CASE("bodies of numbers are asked for by how many there are") {
    const std::string numbers = "1,2,3,4,5,6,7,8,9,10,11,12", list = "[" + numbers + "]";
    CHECK(asked_by("text/csv", numbers + "\n" + numbers).body == 24 * sizeof(float));
    CHECK(asked_by("application/json", list).body >= 12 * 20);  // what simdjson and the array take
    const std::string lines = list + "\n" + list + "\n" + list;
    CHECK(asked_by("application/jsonlines", lines).body >= asked_by("application/json", list).body);
    CHECK(asked_by("application/jsonlines", lines).body < asked_by("application/json", "[" + lines + "]").body);
    const std::string data(48, '\1');
    CHECK(asked_by("application/x-npy", npy("|u1", "(4, 12)", data)).body == 2 * 48);
    CHECK(asked_by("application/x-npy", npy("<f4", "(12,)", data)).body == 2 * 48);
    CHECK(asked_by("application/octet-stream", data).body == 48);
}

TEST_CASE("small images that become large ones are asked for at the size that they get") {
    const Recorder recorder =
        asked_by("application/x-npy", npy("|u1", "(1000, 3, 1, 1)", std::string(3000, 'a')), {3, 32, 32});
    CHECK(recorder.body >= 1000 * 3072);
}

TEST_CASE("what needs more than there is at all is refused with the limit and what to do") {
    Loaded loaded({.working_memory = 1'000'000});
    const HttpReply image = loaded.invoke(plain_image(".png", 300, 300, 1, 2, 3), "image/png");
    CHECK(image.status == 413);
    CHECK(lacks(image.body, {"too_large", "540 kB", "500 kB", "--working-memory"}).empty());
    std::string list = "[0";
    for (int i = 0; i < 20'000; ++i) list += ",0";
    CHECK(loaded.invoke(list + "]", "application/json").status == 413);
    CHECK(loaded.invoke("[1,2,3,4]", "application/json").status == 200);
}

TEST_CASE("a reply that would take more than there is for replies is refused before it is computed") {
    Loaded loaded({.working_memory = 4 << 20});
    const auto images = [](int count) {  // 2 x 2 pixels each
        std::string lines;
        for (int i = 0; i < count; ++i) lines += "1,2,3,4\n";
        return lines;
    };
    CHECK(loaded.invoke(images(9'000), "text/csv").status == 200);
    const HttpReply reply = loaded.invoke(images(90'000), "text/csv");
    CHECK(reply.status == 413);
    CHECK(reply.problem == "too_large");
}

TEST_CASE("a large reply holds its memory until it has been sent") {
    Loaded loaded({.request_time = 100ms, .working_memory = 4 << 20});
    std::string lines;
    for (int i = 0; i < 40'000; ++i) lines += "1,2,3,4\n";
    {
        const HttpReply unsent = loaded.invoke(lines, "text/csv");
        CHECK(unsent.status == 200);
        CHECK(loaded.invoke(lines, "text/csv").status == 503);
        CHECK(loaded.invoke("1,2,3,4", "text/csv").status == 200);
    }
    CHECK(loaded.invoke(lines, "text/csv").status == 200);
}

TEST_CASE("requests wait for memory, and all are answered") {
    Loaded loaded({.working_memory = 2'000'000});  // room for one of these images
    CHECK(loaded.invoke_at_once(16, plain_image(".png", 350, 350, 1, 2, 3), "image/png") == 16);
    std::string list = "1,2,3,4";
    for (int i = 0; i < 3'000; ++i) list += "\n1,2,3,4";
    CHECK(loaded.invoke_at_once(16, list, "text/csv") == 16);
    const std::string nested = R"({"instances":[[1,2,3,4],{"b64":"not base64!"}]})";
    CHECK(loaded.invoke_at_once(16, nested, "application/json") == 0);
    CHECK(loaded.invoke_at_once(16, plain_image(".png", 350, 350, 1, 2, 3), "image/png") == 16);  // all is given back
}

TEST_CASE("a small request does not wait for the memory that large ones hold until they are answered") {
    const auto log = std::make_shared<FakeLog>();
    Loaded loaded({.workers = 2, .working_memory = 4'000'000}, loads(log));
    std::string large = "201,0,0,0";  // the model waits at it
    for (int i = 0; i < 60'000; ++i) large += "\n1,2,3,4";
    const auto send = [&](const std::string& body) {
        return std::async(std::launch::async, [&loaded, body] { return loaded.invoke(body, "text/csv").status; });
    };
    auto first = send(large);
    log->gate.await(1);
    auto second = send(large);  // there is room for one of them
    std::this_thread::sleep_for(200ms);
    auto small = send("1,2,3,4");
    CHECK(small.wait_for(20s) == std::future_status::ready);
    CHECK(second.wait_for(0s) == std::future_status::timeout);
    log->gate.open();
    CHECK(small.get() == 200);
    CHECK(first.get() == 200);
    CHECK(second.get() == 200);
}

TEST_CASE("what begins small and grows is answered too") {
    Loaded loaded({.working_memory = 4'000'000});
    for (const int images : {10, 1'000, 6'000}) {  // of one pixel, to be enlarged
        const std::string shape = "(" + std::to_string(images) + ", 1, 1, 1)";
        const std::string body = npy("|u1", shape, std::string(static_cast<std::size_t>(images), 'a'));
        CHECK(loaded.invoke(body, "application/x-npy").status == 200);
    }
}
