// Bytes that mean harm: 4xx, a server that answers on, and memory that stays bounded.
#include <opencv2/imgcodecs.hpp>

#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/serve_job.hpp"
#include "support/served_image.hpp"
#include "tundish/base/bytes.hpp"

using namespace tundish::testing;

namespace {

constexpr std::size_t kGrowth = 300U << 10U;  // kilobytes; a bomb would take gigabytes

std::size_t peak_kilobytes(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string word; status >> word;) {
        std::size_t value = 0;
        if (word == "VmHWM:" && status >> value) return value;
    }
    return 0;
}

void append_be(std::string& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> static_cast<unsigned>(shift));
}

// A PNG whose header claims width x height; its pixels are missing.
std::string png_claiming(std::uint32_t width, std::uint32_t height) {
    std::string chunk = "IHDR";
    append_be(chunk, width);
    append_be(chunk, height);
    chunk += std::string("\x08\x02\x00\x00\x00", 5);
    std::uint32_t crc = ~0U;
    for (const char c : chunk) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1U ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    std::string out("\x89PNG\r\n\x1A\n");
    append_be(out, 13);
    out += chunk;
    append_be(out, ~crc);
    append_be(out, 100);
    return out + "IDAT" + std::string(104, '\x78') + std::string("\0\0\0\0IEND\xAE\x42\x60\x82", 12);
}

std::string garbage(std::size_t size, unsigned seed) {
    std::string out;
    for (std::size_t i = 0; i < size; ++i) {
        seed = seed * 1664525U + 1013904223U;
        out += static_cast<char>(seed >> 24U);
    }
    return out;
}

// A server of its own, so that its peak memory is that of the test.
class Victim {
  public:
    Victim() : server_(trained().root(), {{"SAGEMAKER_CONTAINER_LOG_LEVEL", "20"}}) {
        if (server_.settled().status != 200) throw std::runtime_error("not ready");
        if (server_.invoke(as_png(1), "image/png").status != 200) throw std::runtime_error("no answer");
        before_ = peak_kilobytes(server_.pid());
    }
    ~Victim() {
        CHECK(server_.ping().status == 200);
        CHECK(server_.invoke(as_png(1), "image/png").status == 200);
        CHECK(peak_kilobytes(server_.pid()) < before_ + kGrowth);
    }

    void expect_refusal(const std::string& body, const std::string& type, const std::string& says = {}) const {
        const Reply reply = server_.invoke(body, type);
        INFO(type << ": " << body.substr(0, 60) << " -> " << reply.status << " " << reply.body.substr(0, 200));
        CHECK(reply.status >= 400);
        CHECK(reply.status < 500);
        CHECK(reply.says(says));
    }

    [[nodiscard]] int port() const { return server_.port(); }

  private:
    Served server_;
    std::size_t before_ = 0;
};

}  // namespace

TEST_CASE("images that claim to be huge are refused from their header") {
    const Victim victim;
    for (const char* type : {"image/png", "application/octet-stream", ""}) {
        victim.expect_refusal(png_claiming(50'000, 50'000), type,
                              "50000 x 50000 pixels; at most 178000000 are decoded");
        victim.expect_refusal(png_claiming(0x7FFFFFFF, 0x7FFFFFFF), type, "at most 178000000 are decoded");
        victim.expect_refusal(png_claiming(0, 10), type, "its width is 0");
    }
    std::string bmp = plain_image(".bmp", 2, 2, 1, 2, 3);
    for (const std::size_t at : {18U, 22U}) bmp.replace(at, 4, std::string("\x50\xC3\x00\x00", 4));
    victim.expect_refusal(bmp, "image/bmp");
    for (int i = 0; i < 20; ++i) {
        victim.expect_refusal(R"({"instances":[{"b64":")" + in_base64(png_claiming(50'000, 50'000)) + R"("}]})",
                              "application/json");
    }
}

TEST_CASE("a dozen large images at once: 200 or 503, pings meanwhile, and memory within --working-memory") {
    Served server(trained().root(), {}, {"--working-memory", "512MiB"});
    REQUIRE(server.settled().status == 200);
    const std::string png = plain_image(".png", 5'000, 5'000, 1, 2, 3);  // 90 KB; 150 MB while it is decoded
    REQUIRE(server.invoke(as_png(1), "image/png").status == 200);
    const std::size_t before = peak_kilobytes(server.pid());
    std::atomic<int> good{0}, busy{0}, left{12};
    {
        std::vector<std::jthread> clients;
        for (int i = 0; i < 12; ++i) {
            clients.emplace_back([&] {
                const int status = server.invoke(png, "image/png").status;
                good += status == 200 ? 1 : 0;
                busy += status == 503 ? 1 : 0;
                --left;
            });
        }
        while (left > 0) CHECK(server.ping().status == 200);
    }
    CHECK(good > 0);
    CHECK(good + busy == 12);
    CHECK(server.invoke(as_png(1), "image/png").status == 200);
    constexpr std::size_t kSlack = 150'000;   // threads' stacks, and what one of two arenas keeps
    const std::size_t half = 512 * 1024 / 2;  // what images may take
    if (kSlowness == 1) CHECK(peak_kilobytes(server.pid()) < before + half + kSlack);  // sanitizers keep freed memory
}

TEST_CASE("npy headers that lie") {
    const Victim victim;
    const std::string type = "application/x-npy", few(100, '\0');
    for (const char* shape : {"(1000000, 3, 32, 32)", "(4294967296, 4294967296, 3, 32)", "(-1, 3, 32, 32)",
                              "(0, 3, 32, 32)", "(99999999999999999999999,)", "(3, 32)", "()", "(3, 32, 32"}) {
        victim.expect_refusal(npy("<f4", shape, few), type);
    }
    for (const char* descr : {"|O", "|S10", "<U4", "<c8", "<M8[ns]", "|V8", "<f16", "", "'", "<i3"}) {
        victim.expect_refusal(npy(descr, "(3, 32, 32)", std::string(12'288, '\0')), type);
    }
    victim.expect_refusal("\x93NUMPY\x02" + std::string("\0\xFF\xFF\xFF\x7F", 5) + few, type);
    victim.expect_refusal("\x93NUMPY\x09" + std::string("\0\x10\0", 3) + few, type);
    victim.expect_refusal("\x93NUMPY", type);
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    for (const float bad : {nan, infinity, -infinity, 1e30F}) {
        std::vector<float> values(3072, 1);
        values[3071] = bad;
        victim.expect_refusal(npy("<f4", "(3, 32, 32)", packed<float>(values)), type);
    }
}

TEST_CASE("JSON that is deep, endless, huge or full of tricks") {
    const Victim victim;
    for (const char* type : {"application/json", "application/jsonlines"}) {
        victim.expect_refusal(std::string(1'000'000, '['), type);
        victim.expect_refusal(std::string(100'000, '[') + std::string(100'000, ']'), type);
        std::string objects;
        for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
        victim.expect_refusal(objects, type);
        victim.expect_refusal("{\"instances\":[[[[1e999]]]]}", type);
        victim.expect_refusal("{\"instances\":\"" + std::string(1'000'000, 'A') + "\"}", type);
        victim.expect_refusal("{\"instances\":[null,true,\"\\ud800\"]}", type);
        victim.expect_refusal("\"\xFF\xFE\"", type);
        victim.expect_refusal(std::string("{\"inst\0ances\":1}", 16), type);
    }
    std::string many = "[";
    for (int i = 0; i < 1'000'000; ++i) many += "[],";
    victim.expect_refusal(many + "[]]", "application/json");
}

TEST_CASE("CSV and RecordIO that lie") {
    const Victim victim;
    victim.expect_refusal(std::string(1'000'000, ','), "text/csv");
    victim.expect_refusal(std::string(1'000'000, '9'), "text/csv");
    victim.expect_refusal("nan,inf\n", "text/csv");
    victim.expect_refusal("\n\n\n", "text/csv");
    std::string record;
    tundish::append_le(record, std::uint32_t{0xCED7230A});
    tundish::append_le(record, std::uint32_t{0x1FFFFFFF});
    victim.expect_refusal(record + "few bytes", "application/x-recordio");
    victim.expect_refusal(recordio_part("not an image"), "application/x-recordio");
}

TEST_CASE("random bytes under every type, and changed bytes in good images") {
    const Victim victim;
    const char* const types[]{"image/png",
                              "image/jpeg",
                              "application/x-npy",
                              "application/json",
                              "application/jsonlines",
                              "text/csv",
                              "application/x-recordio",
                              "text/plain"};
    for (unsigned seed = 0; seed < 20; ++seed) {
        for (const char* type : types) victim.expect_refusal(garbage(1 + seed * 211, seed), type);
    }
    for (const char* extension : {".png", ".jpg", ".webp", ".bmp"}) {
        const std::string good = noisy_image(extension, 32, 32);
        for (unsigned seed = 0; seed < 50; ++seed) {
            std::string bad = good;
            for (const char c : garbage(4, seed)) bad[(static_cast<unsigned char>(c) * 257U + seed) % bad.size()] = c;
            CHECK(ask(victim.port(), "POST", "/invocations", bad, {{"Content-Type", "image/png"}}).status < 500);
        }
    }
}

TEST_CASE("random bytes instead of HTTP") {
    const Victim victim;
    for (unsigned seed = 0; seed < 100; ++seed) {
        HttpClient client(victim.port());
        static_cast<void>(
            client.try_send((seed % 2 == 0 ? "" : "POST /invocations HTTP/1.1\r\n") + garbage(500, seed)));
        client.half_close();
        static_cast<void>(client.rest());
    }
}
