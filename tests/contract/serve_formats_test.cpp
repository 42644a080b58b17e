// What goes in and what comes out (inference-contract.md 1.7): the same image in every encoding, the same answer.
#include <opencv2/imgcodecs.hpp>

#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#include "support/catch.hpp"
#include "support/serve_job.hpp"
#include "support/served_image.hpp"

using namespace tundish::testing;
using Json = nlohmann::json;
using Probabilities = std::vector<double>;

namespace {

constexpr double kClose = 1e-3;

// The one list of numbers in a reply, however it is wrapped.
Probabilities flat(const Json& json) {
    Probabilities out;
    if (json.is_number()) out.push_back(json.get<double>());
    for (const auto& item : json) {
        if (!json.is_structured()) break;
        const Probabilities inner = flat(item);
        out.insert(out.end(), inner.begin(), inner.end());
    }
    return out;
}

bool close(const Probabilities& a, const Probabilities& b) {
    if (a.size() != b.size() || a.empty()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!(std::abs(a[i] - b[i]) <= kClose)) return false;
    }
    return true;
}

struct Encoding {
    std::string name, type, body;
};

std::vector<Encoding> images(std::int64_t record) {
    const std::string png = as_png(record);
    const std::string base64 = in_base64(png);
    return {{"png", "image/png", png},
            {"x-image", "application/x-image", png},
            {"image/x-image", "image/x-image", png},
            {"octet-stream", "application/octet-stream", png},
            {"no type", "", png},
            {"curl's default", "application/x-www-form-urlencoded", png},
            {"raw-bytes", "file-path/raw-bytes", png},
            {"unknown application type", "application/vnd.example", png},
            {"bmp", "image/bmp", as_png(record, ".bmp")},
            {"base64 as png", "image/png", base64},
            {"base64 as text", "text/plain", base64},
            {"base64 as bytes", "application/octet-stream", base64},
            {"RecordIO", "application/x-recordio", recordio_part(png)}};
}

std::vector<Encoding> arrays(std::int64_t record) {
    const auto chw = in_order(record, "CHW"), hwc = in_order(record, "HWC");
    const std::string type = "application/x-npy";
    return {{"u1 CHW", type, npy("|u1", "(3, 32, 32)", packed<std::uint8_t>(chw))},
            {"u1 HWC", type, npy("|u1", "(32, 32, 3)", packed<std::uint8_t>(hwc))},
            {"u1 NCHW", type, npy("|u1", "(1, 3, 32, 32)", packed<std::uint8_t>(chw))},
            {"u1 NHWC", type, npy("|u1", "(1, 32, 32, 3)", packed<std::uint8_t>(hwc))},
            {"f4", type, npy("<f4", "(3, 32, 32)", packed<float>(chw))},
            {"f4 big endian", type, npy(">f4", "(3, 32, 32)", packed<float>(chw, true))},
            {"f8", type, npy("<f8", "(32, 32, 3)", packed<double>(hwc))},
            {"i8", type, npy("<i8", "(3, 32, 32)", packed<std::int64_t>(chw))},
            {"i2", type, npy("<i2", "(3, 32, 32)", packed<std::int16_t>(chw))},
            {"Fortran", type, npy("<f4", "(3, 32, 32)", packed<float>(in_order(record, "WHC")), true)},
            {"version 2", type, npy("|u1", "(3, 32, 32)", packed<std::uint8_t>(chw), false, 2)},
            {"version 3", type, npy("|u1", "(3, 32, 32)", packed<std::uint8_t>(chw), false, 3)},
            {"tensor/pt", "tensor/pt", npy("<f4", "(1, 3, 32, 32)", packed<float>(chw))},
            {"npy as bytes", "application/octet-stream", npy("|u1", "(3, 32, 32)", packed<std::uint8_t>(chw))},
            {"raw", "application/octet-stream", packed<std::uint8_t>(chw)}};
}

std::vector<Encoding> texts(std::int64_t record) {
    const std::string chw = as_json(record, "CHW"), hwc = as_json(record, "HWC"), base64 = in_base64(as_png(record));
    const std::string type = "application/json";
    return {{"list CHW", type, chw},
            {"list HWC", type, hwc},
            {"flat list", type, "[" + as_csv(record) + "]"},
            {"batch", type, "[" + hwc + "]"},
            {"instances", type, R"({"instances":[)" + hwc + "]}"},
            {"inputs", type, R"({"inputs":)" + chw + "}"},
            {"b64", type, R"({"instances":[{"b64":")" + base64 + R"("}]})"},
            {"image_bytes", type, R"({"instances":[{"image_bytes":{"b64":")" + base64 + R"("}}]})"},
            {"data URL", type, R"(["data:image/png;base64,)" + base64 + R"("])"},
            {"JSON with parameters", "application/json; charset=utf-8", chw},
            {"JSON Lines", "application/jsonlines", R"({"instances":[)" + hwc + "]}"},
            {"JSON Lines, bare", "application/jsonlines", chw},
            {"CSV", "text/csv", as_csv(record)},
            {"CSV with newline", "text/csv", as_csv(record) + "\r\n"},
            {"CSV as text", "text/plain", as_csv(record)},
            {"JSON as bytes", "application/octet-stream", chw}};
}

void check_all(const Served& server, std::int64_t record) {
    const Probabilities expected = flat(Json::parse(server.invoke(as_png(record), "image/png").body));
    REQUIRE(expected.size() == 10);
    for (const auto& group : {images(record), arrays(record), texts(record)}) {
        for (const auto& [name, type, body] : group) {
            const Reply reply = server.invoke(body, type, "application/json");
            INFO(name << ": " << reply.status << " " << reply.body.substr(0, 300));
            REQUIRE(reply.status == 200);
            CHECK(close(flat(Json::parse(reply.body)), expected));
        }
    }
}

}  // namespace

TEST_CASE("one image in every encoding: the same probabilities, from our engine and from TorchScript") {
    check_all(shared_server(), 3);
    Served lenet(trained("lenet").root());
    REQUIRE(lenet.settled().status == 200);
    check_all(lenet, 5);
}

TEST_CASE("the same classes and probabilities as predict") {
    const Served& server = shared_server();
    const TempFolder folder;
    const auto& names = cifar10_names();
    const auto check = [&](const std::string& file, const std::string& content, const std::string& type) {
        const auto path = folder.write(file, content);
        const Ended ended = run_tundish({"predict", "--model", trained().at("model").string(), path.string()});
        const Probabilities served = flat(Json::parse(server.invoke(content, type).body));
        REQUIRE(served.size() == 10);
        for (std::size_t i = 0; i < names.size(); ++i) {  // predict shows the best three
            const auto at = ended.output.find(" " + names[i] + " 0.");
            if (at == std::string::npos) continue;
            CHECK(std::abs(std::stod(ended.output.substr(at + names[i].size() + 2)) - served[i]) <= kClose);
        }
        const auto best = static_cast<std::size_t>(std::max_element(served.begin(), served.end()) - served.begin());
        CHECK(ended.says(": " + names[best] + " "));
    };
    check("a.png", as_png(3), "image/png");
    check("b.jpg", noisy_image(".jpg", 100, 60), "image/jpeg");
    check("c.png", noisy_image(".png", 20, 500), "application/octet-stream");
    check("d.bmp", plain_image(".bmp", 32, 32, 200, 10, 10), "application/x-image");
}

TEST_CASE("different images have different answers, in their order, however many there are") {
    const Served& server = shared_server();
    std::string pixels, csv;
    Probabilities expected;
    for (int record = 0; record < 150; ++record) {  // more than one batch
        pixels += packed<std::uint8_t>(in_order(record, "CHW"));
        csv += (record == 0 ? "" : "\n") + as_csv(record);
        if (record % 50 != 0) continue;
        const Probabilities one = flat(Json::parse(server.invoke(as_png(record), "image/png").body));
        expected.insert(expected.end(), one.begin(), one.end());
    }
    const auto of_three = [](const Probabilities& all) {
        Probabilities out;
        for (const std::size_t record : {0U, 50U, 100U}) {
            out.insert(out.end(), all.begin() + static_cast<std::ptrdiff_t>(record * 10),
                       all.begin() + static_cast<std::ptrdiff_t>(record * 10 + 10));
        }
        return out;
    };
    const Json batch = Json::parse(server.invoke(npy("|u1", "(150, 3, 32, 32)", pixels), "application/x-npy").body);
    REQUIRE(batch.size() == 150);
    CHECK(close(of_three(flat(batch)), expected));
    CHECK(close(of_three(flat(Json::parse(server.invoke(csv, "text/csv", "application/json").body))), expected));
    CHECK(Json::parse(server.invoke(pixels, "application/octet-stream").body).size() == 150);
}

TEST_CASE("every reply type, for one image and for several") {
    const Served& server = shared_server();
    const std::string png = as_png(3);
    const std::string two = npy("|u1", "(2, 3, 32, 32)", std::string(6144, '\x20'));
    const Probabilities expected = flat(Json::parse(server.invoke(png, "image/png").body));

    SECTION("JSON is the default: absent, */*, lists, q-values") {
        for (const char* accept : {"", "*/*", "application/json", "text/html, */*;q=0.1",
                                   "image/webp, application/json;q=0.9", "application/xml, application/*"}) {
            INFO(accept);
            const Reply reply = server.invoke(png, "image/png", accept);
            CHECK(reply.header("content-type") == "application/json");
            CHECK(reply.body.starts_with("[0"));
            CHECK(reply.body.back() == ']');
            CHECK(close(flat(Json::parse(reply.body)), expected));
        }
        const Json batch = Json::parse(server.invoke(two, "application/x-npy").body);
        CHECK((batch.is_array() && batch.size() == 2 && batch[0].size() == 10));
    }
    SECTION("nesting mirrors the request") {
        const std::string list = as_json(3, "CHW");
        CHECK(Json::parse(server.invoke("[" + list + "]", "application/json").body)[0].size() == 10);
        CHECK(Json::parse(server.invoke(R"({"instances":[)" + list + "]}", "application/json").body)["predictions"][0]
                  .size() == 10);
        CHECK(
            Json::parse(server.invoke(R"({"inputs":[)" + list + "]}", "application/json").body)["outputs"][0].size() ==
            10);
    }
    SECTION("verbose JSON names the classes") {
        const Reply reply = server.invoke(png, "image/png", "application/json;verbose");
        CHECK(reply.header("content-type") == "application/json");
        const Json json = Json::parse(reply.body);
        CHECK(json.at("labels").get<std::vector<std::string>>() == cifar10_names());
        CHECK(close(flat(json.at("probabilities")), expected));
        const auto best = std::max_element(expected.begin(), expected.end()) - expected.begin();
        CHECK(json.at("predicted_label") == cifar10_names()[static_cast<std::size_t>(best)]);
    }
    SECTION("JSON Lines end with a newline, CSV does not") {
        const Reply lines = server.invoke(two, "application/x-npy", "application/jsonlines");
        CHECK(lines.header("content-type") == "application/jsonlines");
        CHECK(std::count(lines.body.begin(), lines.body.end(), '\n') == 2);
        CHECK(lines.body.back() == '\n');
        CHECK(lines.body.starts_with(R"({"prediction":[)"));
        const Reply csv = server.invoke(two, "application/x-npy", "text/csv");
        CHECK(csv.header("content-type") == "text/csv");
        CHECK(std::count(csv.body.begin(), csv.body.end(), '\n') == 1);
        CHECK(csv.body.back() != '\n');
        CHECK(std::count(csv.body.begin(), csv.body.end(), ',') == 18);
    }
    SECTION("npy: float32, two axes, C order, version 1") {
        const Reply reply = server.invoke(png, "image/png", "application/x-npy");
        CHECK(reply.header("content-type") == "application/x-npy");
        REQUIRE(reply.body.starts_with(std::string("\x93NUMPY\x01\x00", 8)));
        CHECK(reply.says("'descr': '<f4', 'fortran_order': False, 'shape': (1, 10), "));
        REQUIRE(reply.body.size() % 64 == 40);  // the header's end is aligned to 64 bytes
        std::vector<float> values(10);
        std::memcpy(values.data(), reply.body.data() + reply.body.size() - 40, 40);
        CHECK(close(Probabilities(values.begin(), values.end()), expected));
        CHECK(server.invoke(two, "application/x-npy", "application/x-npy").says("(2, 10)"));
    }
}

TEST_CASE("at the same time each client gets its own image's answer in its own type") {
    const Served& server = shared_server();
    const std::vector<std::string> types{"application/json", "text/csv", "application/x-npy", "application/jsonlines"};
    std::vector<Probabilities> expected;
    for (int record = 0; record < 5; ++record) {
        expected.push_back(flat(Json::parse(server.invoke(as_png(record), "image/png").body)));
    }
    const auto read = [](const std::string& type, const Reply& reply) {
        if (type == "application/jsonlines") return flat(Json::parse(reply.body)["prediction"]);
        if (type != "application/x-npy")
            return flat(Json::parse(type == "text/csv" ? "[" + reply.body + "]" : reply.body));
        std::vector<float> values(10);
        if (reply.body.size() >= 40) std::memcpy(values.data(), reply.body.data() + reply.body.size() - 40, 40);
        return Probabilities(values.begin(), values.end());
    };
    std::atomic<int> good{0};
    const auto client = [&](const std::string& type) {
        for (int i = 0; i < 50; ++i) {
            const int record = i % 5;
            const Reply reply = server.invoke(as_png(record), "image/png", type);
            const bool right = reply.status == 200 && reply.header("content-type") == type;
            good += right && close(read(type, reply), expected[static_cast<std::size_t>(record)]) ? 1 : 0;
        }
    };
    {
        std::vector<std::jthread> clients;
        for (const auto& type : types) clients.emplace_back(client, type);
    }
    CHECK(good == 200);
}

TEST_CASE("pixels that look scaled are answered with a warning") {
    const Served& server = shared_server();
    const std::string scaled = npy("<f4", "(3, 32, 32)", packed<float>(std::vector<float>(3072, 0.5F)));
    CHECK(server.invoke(scaled, "application/x-npy").header("x-tundish-warning").find("0..255") != std::string::npos);
    CHECK(server.invoke(as_png(1), "image/png").header("x-tundish-warning").empty());
}
