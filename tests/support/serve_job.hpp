#pragma once

#include "support/http_client.hpp"
#include "support/job.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace tundish::testing {

/// The root of a job whose model was trained, once for the whole program: "airbench" or "lenet".
inline const Job& trained(const std::string& network = "airbench") {
    static std::map<std::string, std::unique_ptr<Job>> jobs;
    std::unique_ptr<Job>& job = jobs[network];
    if (!job) {
        job = std::make_unique<Job>(Job::Hyperparameters{{"model", network}, {"epochs", "2"}, {"batch_size", "25"}});
        const Ended ended = job->cifar10(50).train();
        if (ended.code != 0) throw std::runtime_error("training failed: " + ended.output);
    }
    return *job;
}

/// A root of its own with a copy of that model, to be damaged.
class ModelCopy {
  public:
    explicit ModelCopy(const std::string& network = "airbench") {
        std::filesystem::copy(trained(network).at("model"), model(), std::filesystem::copy_options::recursive);
    }
    [[nodiscard]] const std::filesystem::path& root() const { return folder_.path(); }
    [[nodiscard]] std::filesystem::path model() const { return root() / "model"; }
    [[nodiscard]] std::string read(const std::string& name) const { return folder_.read("model/" + name); }
    void write(const std::string& name, const std::string& content) const { folder_.write("model/" + name, content); }

  private:
    TempFolder folder_;
};

/// `tundish serve` on a free port. Its output is read all the time: a full pipe would make it wait.
class Served {
  public:
    explicit Served(const std::filesystem::path& root, const Environment& changes = {}, const Arguments& more = {})
        : process_(TUNDISH_EXECUTABLE, arguments(root, more), changes) {
        constexpr std::string_view kListening = "listening on port ";
        if (!process_.wait_for("; /ping answers")) throw std::runtime_error("no server: " + process_.output());
        const std::string& output = process_.output();
        port_ = std::stoi(output.substr(output.find(kListening) + kListening.size()));
        reader_ = std::jthread([this](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                {
                    const std::lock_guard lock(mutex_);
                    process_.let_run(std::chrono::milliseconds(5));
                }
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        });
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] pid_t pid() const { return process_.pid(); }
    void send(int signal_number) const { process_.send(signal_number); }

    /// What /ping answers once the loading has ended.
    [[nodiscard]] Reply settled() const {
        const auto end = std::chrono::steady_clock::now() + kDeadline;
        while (true) {
            const Reply reply = ping();
            if (reply.status == 200 || !reply.says("\"starting\"")) return reply;
            if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the model is not loaded in time");
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }

    [[nodiscard]] Reply ping() const { return ask(port_, "GET", "/ping"); }
    Reply invoke(std::string_view body, const std::string& type = {}, const std::string& accept = {},
                 Headers headers = {}) const {
        if (!type.empty()) headers.emplace_back("Content-Type", type);
        if (!accept.empty()) headers.emplace_back("Accept", accept);
        return ask(port_, "POST", "/invocations", body, headers);
    }

    std::string output() {
        const std::lock_guard lock(mutex_);
        return process_.output();
    }

    /// Until the output holds `part`.
    bool says(std::string_view part) {
        const std::lock_guard lock(mutex_);
        return process_.wait_for(part);
    }

    Ended wait(std::chrono::milliseconds deadline = kDeadline) {
        reader_ = std::jthread();
        return process_.wait(deadline);
    }

  private:
    static Arguments arguments(const std::filesystem::path& root, const Arguments& more) {
        Arguments all{"tundish", "serve", "--root", root.string()};
        if (std::find(more.begin(), more.end(), "--port") == more.end()) all.insert(all.end(), {"--port", "0"});
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    Process process_;
    int port_ = 0;
    std::mutex mutex_;
    std::jthread reader_;
};

/// One server of the airbench model for all tests that only ask; ready.
inline Served& shared_server() {
    static Served server(trained().root());
    static const Reply ready = server.settled();
    if (ready.status != 200) throw std::runtime_error("not ready: " + ready.body);
    return server;
}

/// An error's word: the member "error" of its body.
inline std::string error_of(const Reply& reply) {
    const auto json = nlohmann::json::parse(reply.body, nullptr, false);
    return json.is_object() ? json.value("error", "") : "no JSON: " + reply.body;
}

}  // namespace tundish::testing
