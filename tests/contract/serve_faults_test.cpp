// A model that cannot be served: the process stays up and says why; and what it must put up with.
#include <fstream>
#include <sys/stat.h>

#include "support/catch.hpp"
#include "support/image_files.hpp"
#include "support/serve_job.hpp"

using namespace tundish::testing;

namespace {

// The reason; checks that everything else still answers, and that a stop ends it well.
std::string failure_of(const std::filesystem::path& root) {
    Served server(root);
    const Reply ping = server.settled();
    CHECK(ping.status == 503);
    CHECK(error_of(ping) == "failed");
    const Reply invocation = server.invoke(noisy_image(".png", 32, 32), "image/png");
    CHECK(invocation.status == 503);
    CHECK(invocation.body == ping.body);
    CHECK(ask(server.port(), "GET", "/metrics").says("tundish_ready 0"));
    CHECK(ask(server.port(), "GET", "/").status == 200);
    CHECK(server.ping().status == 503);
    CHECK(server.says("not healthy, /ping answers 503"));
    server.send(SIGTERM);
    const Ended ended = server.wait();
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK(ended.count("not healthy") == 1);
    return ping.body;
}

std::string damaged(std::string content) {
    content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 0x55);
    return content;
}

void make_writable(const std::filesystem::path& folder, bool on) {
    using std::filesystem::perms;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::filesystem::permissions(entry.path(), on ? perms(0644) : perms(0444));
    }
    std::filesystem::permissions(folder, on ? perms(0755) : perms(0555));
}

}  // namespace

TEST_CASE("no model at all: 503 that names the folder") {
    const TempFolder empty;
    CHECK(failure_of(empty.path()).find((empty.path() / "model").string()) != std::string::npos);
}

TEST_CASE("a --root that is not there, or is the model's own folder: one sentence, exit 2") {
    const ModelCopy copy;
    const auto refused = [](const std::filesystem::path& root) {
        const Ended ended = run_tundish({"serve", "--root", root.string(), "--port", "0"});
        CHECK(ended.code == 2);
        return ended.output;
    };
    CHECK(refused(copy.root() / "nothing").find("nothing is no folder; expected the job's folder") !=
          std::string::npos);
    CHECK(refused(copy.model()).find("--root names the folder above model/: " + copy.root().string()) !=
          std::string::npos);
}

TEST_CASE("a damaged, cut, empty or missing file: 503 that names it") {
    const ModelCopy copy;
    for (const char* name : {"config.json", "model.pt"}) {
        const std::string before = copy.read(name);
        for (const std::string& content :
             {std::string_view(name) == "config.json" ? std::string("{\"format_version\": ") : damaged(before),
              before.substr(0, before.size() / 2), std::string()}) {
            copy.write(name, content);
            const std::string reason = failure_of(copy.root());
            INFO(name << ", " << content.size() << " bytes: " << reason);
            CHECK(reason.find(name) != std::string::npos);
        }
        std::filesystem::remove(copy.model() / name);
        CHECK(failure_of(copy.root()).find(name) != std::string::npos);
        copy.write(name, before);
    }
    Served server(copy.root());
    CHECK(server.settled().status == 200);
}

TEST_CASE("a configuration that contradicts the model: 503, never a wrong answer") {
    const ModelCopy copy;
    auto config = nlohmann::json::parse(copy.read("config.json"));
    SECTION("another number of classes") {
        config["class_names"].push_back("one too many");
    }
    SECTION("another shape") {
        config["input_shape"] = {1, 28, 28};
    }
    SECTION("an unknown network") {
        config["architecture"] = "perceptron";
    }
    SECTION("a version from the future") {
        config["format_version"] = 99;
    }
    copy.write("config.json", config.dump());
    CHECK_FALSE(failure_of(copy.root()).empty());
}

TEST_CASE("a damaged weights file beside a good model.pt: 503 that names it") {
    const ModelCopy copy;
    for (const char* name : {"state_dict.pt", "model.safetensors"}) {
        const std::string before = copy.read(name);
        copy.write(name, damaged(before));
        CHECK(failure_of(copy.root()).find(name) != std::string::npos);
        copy.write(name, before);
    }
}

TEST_CASE("extra files beside the model are passed over, nothing is written there") {
    const ModelCopy copy;
    copy.write("model.tar.gz", "not one of ours");
    copy.write("output.tar.gz", "not one of ours");
    copy.write("code/inference.py", "raise SystemExit");
    copy.write("._config.json", "{");
    make_writable(copy.model(), false);
    {
        Served server(copy.root());
        CHECK(server.settled().status == 200);
        CHECK(server.invoke(noisy_image(".png", 32, 32), "image/png").status == 200);
    }
    make_writable(copy.model(), true);
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::recursive_directory_iterator(copy.root())) ++files;
    CHECK(files == 1 + 4 + 5);  // model/, train's four files, code/ and four more
}

TEST_CASE("another user id may serve it, and is told when it may not read it") {
    if (::geteuid() != 0) {
        SKIP_TEST("only root can become another user");
    }
    const ModelCopy copy;
    std::filesystem::permissions(copy.root(), std::filesystem::perms(0755));
    const auto serve_as_nobody = [&](const std::string& expected) {
        Process process("/usr/bin/setpriv",
                        {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", TUNDISH_EXECUTABLE, "serve",
                         "--root", copy.root().string(), "--port", "0"},
                        {});
        if (!process.wait_for(expected, std::chrono::seconds(20))) {
            INFO(process.output());
            const std::string& output = process.output();  // of the loader, or of setpriv
            REQUIRE(
                (output.find("ermission denied") != std::string::npos || output.find("libtorch") != std::string::npos));
            SKIP_TEST("this executable lies where others may not go");
        }
        process.send(SIGTERM);
        CHECK(process.wait().code == 0);
    };
    serve_as_nobody("ready after");
    std::filesystem::permissions(copy.model() / "model.pt", std::filesystem::perms(0600));
    serve_as_nobody("not healthy");
}

TEST_CASE("a port that is taken: one sentence, exit 2") {
    const Served& server = shared_server();
    const Ended ended =
        run_tundish({"serve", "--root", trained().root().string(), "--port", std::to_string(server.port())});
    INFO(ended.output);
    CHECK(ended.code == 2);
    CHECK(ended.says("port " + std::to_string(server.port()) + " is taken"));
    CHECK(ended.says("--port"));
    CHECK(server.ping().status == 200);
}

TEST_CASE("somebody else's TorchScript works with a short config.json") {
    const ModelCopy copy;
    for (const char* name : {"state_dict.pt", "model.safetensors"}) std::filesystem::remove(copy.model() / name);
    copy.write("config.json", R"({"input_shape": [3, 32, 32], "output": "logits", "preprocess": {"by": "model"},
        "class_names": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]})");
    Served server(copy.root(), {{"TUNDISH_SERVE_PRECISION", "bf16"}});
    const Reply ping = server.settled();
    INFO(ping.body);
    REQUIRE(ping.status == 200);
    CHECK(server.says("warning TUNDISH_SERVE_PRECISION has no effect: model.pt is no network of ours"));
    CHECK(server.says("TorchScript (model.pt, frozen) on "));
    const std::string image = noisy_image(".png", 32, 32);
    const auto theirs = nlohmann::json::parse(server.invoke(image, "image/png").body);
    const auto ours = nlohmann::json::parse(shared_server().invoke(image, "image/png").body);
    REQUIRE(theirs.size() == 10);
    for (std::size_t i = 0; i < 10; ++i) {
        CHECK(std::abs(theirs[i].get<double>() - ours[i].get<double>()) < 1e-3);
    }
}
