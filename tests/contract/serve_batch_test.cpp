// Batch transform (inference-contract.md 2): negotiation, newlines, lines that fail alone, whole objects.
#include <opencv2/imgcodecs.hpp>

#include "support/catch.hpp"
#include "support/serve_job.hpp"
#include "support/served_image.hpp"

using namespace tundish::testing;
using Json = nlohmann::json;

namespace {

const std::vector<std::string> kTexts{"application/json", "application/jsonlines", "text/csv"};

bool ends_with_one_newline(const std::string& body) {
    return body.size() > 1 && body.back() == '\n' && body[body.size() - 2] != '\n';
}

}  // namespace

TEST_CASE("SAGEMAKER_BATCH in any spelling: every text ends with exactly one newline") {
    const std::string spelling = GENERATE("true", "True", "TRUE");
    Served server(trained().root(), {{"SAGEMAKER_BATCH", spelling}});
    REQUIRE(server.settled().status == 200);
    for (const auto& accept : kTexts) {
        INFO(accept);
        CHECK(ends_with_one_newline(server.invoke(as_png(1), "image/png", accept).body));
        for (const char* end : {"", "\n", "\r\n"}) {
            const Reply reply = server.invoke(as_csv(1) + "\n" + as_csv(2) + end, "text/csv", accept);
            CHECK(reply.status == 200);
            CHECK(ends_with_one_newline(reply.body));
            CHECK(std::count(reply.body.begin(), reply.body.end(), '\n') == 2);
        }
    }
    CHECK(server.invoke(as_png(1), "image/png", "application/x-npy").body.back() != '\n');
}

TEST_CASE("without it JSON and CSV end without a newline") {
    const std::string value = GENERATE("", "false", "0");
    Served server(trained().root(), value.empty() ? Environment{} : Environment{{"SAGEMAKER_BATCH", value}});
    REQUIRE(server.settled().status == 200);
    CHECK(server.invoke(as_png(1), "image/png").body.back() == ']');
    CHECK(server.invoke(as_png(1), "image/png", "text/csv").body.back() != '\n');
}

TEST_CASE("/execution-parameters: defaults leave the strategy out, the variables come back") {
    const Reply reply = ask(shared_server().port(), "GET", "/execution-parameters");
    CHECK(reply.header("content-type") == "application/json");
    const Json defaults = Json::parse(reply.body);
    CHECK(defaults.at("MaxConcurrentTransforms") >= 1);
    CHECK(defaults.at("MaxPayloadInMB") == 6);
    CHECK(defaults.size() == 2);
    CHECK(defaults["MaxConcurrentTransforms"].get<int>() * 6 <= 100);

    Served server(trained().root(), {{"SAGEMAKER_BATCH", "true"},
                                     {"SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", "4"},
                                     {"SAGEMAKER_MAX_PAYLOAD_IN_MB", "20"},
                                     {"SAGEMAKER_BATCH_STRATEGY", "MULTI_RECORD"}});
    const Json asked = Json::parse(ask(server.port(), "GET", "/execution-parameters").body);
    CHECK(asked == Json{{"MaxConcurrentTransforms", 4}, {"MaxPayloadInMB", 20}, {"BatchStrategy", "MULTI_RECORD"}});
}

TEST_CASE("a bad line fails its request, or stands as a placeholder where that is wanted") {
    const std::string body = as_json(1, "CHW") + "\n{\"instances\": [oops]}\n" + as_json(2, "HWC");
    {
        Served server(trained().root(), {{"SAGEMAKER_BATCH", "true"}});
        REQUIRE(server.settled().status == 200);
        const Reply reply = server.invoke(body, "application/jsonlines", "application/jsonlines");
        CHECK(reply.status == 400);
        CHECK(reply.says("line 1"));
    }
    Served server(trained().root(), {{"SAGEMAKER_BATCH", "true"}, {"TUNDISH_BATCH_ERRORS", "placeholder"}});
    REQUIRE(server.settled().status == 200);
    const Reply reply = server.invoke(body, "application/jsonlines", "application/jsonlines");
    CHECK(reply.status == 200);
    std::istringstream lines(reply.body);
    std::string first, second, third, fourth;
    std::getline(lines, first);
    std::getline(lines, second);
    std::getline(lines, third);
    CHECK_FALSE(std::getline(lines, fourth));
    CHECK(Json::parse(first).at("prediction").size() == 10);
    CHECK(Json::parse(second).contains("error"));
    CHECK(Json::parse(third).at("prediction").size() == 10);
}

TEST_CASE("a whole object: RecordIO, lines, an array of thousands; the same record again has the same answer") {
    const Served& server = shared_server();
    std::string records, lines;
    for (int i = 0; i < 20; ++i) {
        records += recordio_part(as_png(i));
        lines += (i == 0 ? "" : "\n") + as_json(i, "CHW");
    }
    const Reply by_records = server.invoke(records, "application/x-recordio", "application/jsonlines");
    const Reply by_lines = server.invoke(lines, "application/jsonlines", "application/jsonlines");
    CHECK(std::count(by_records.body.begin(), by_records.body.end(), '\n') == 20);
    CHECK(std::count(by_lines.body.begin(), by_lines.body.end(), '\n') == 20);
    CHECK(server.invoke(as_png(7), "image/png").body == server.invoke(as_png(7), "image/png").body);
    constexpr std::size_t kMany = 3'000 / kSlowness;
    const std::string many(kMany * 3072, '\x40');
    const std::string shape = "(" + std::to_string(kMany) + ", 3, 32, 32)";
    const Reply large = server.invoke(npy("|u1", shape, many), "application/x-npy", "text/csv");
    CHECK(large.status == 200);
    CHECK(std::count(large.body.begin(), large.body.end(), '\n') == kMany - 1);
}
