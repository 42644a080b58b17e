#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/job.hpp"
#include "support/next_port.hpp"

namespace tundish::testing {

// A lost peer is named within 15 s of silence and 3 s for the rank to end by itself.
inline constexpr std::chrono::seconds kNoticed{25 * kSlowness};

/// Several hosts: `tundish train` once for each, on loopback addresses of their own, with a folder of their own.
class Cluster {
  public:
    explicit Cluster(std::size_t hosts, const Job::Hyperparameters& changes = {}) {
        for (std::size_t host = 0; host < hosts; ++host) {
            jobs_.push_back(std::make_unique<Job>(changes));
            jobs_.back()->cifar10();
            jobs_.back()->write("input/config/resourceconfig.json", resource_config(host, hosts));
        }
    }

    [[nodiscard]] Job& job(std::size_t host) { return *jobs_[host]; }
    [[nodiscard]] std::size_t hosts() const { return jobs_.size(); }

    [[nodiscard]] Process start(std::size_t host) const {
        auto environment = jobs_[host]->environment();
        environment["MASTER_PORT"] = port_;
        return {TUNDISH_EXECUTABLE, {"tundish", "train", "--root", jobs_[host]->root().string()}, environment};
    }

  private:
    static std::string resource_config(std::size_t host, std::size_t hosts) {
        std::string names;
        for (std::size_t i = 0; i < hosts; ++i) names += (i == 0 ? "\"" : ",\"") + address(i) + "\"";
        return R"({"current_host":")" + address(host) + R"(","hosts":[)" + names +
               R"(],"network_interface_name":"lo"})";
    }
    static std::string address(std::size_t host) { return "127.0.0." + std::to_string(host + 1); }

    std::string port_ = std::to_string(next_port());
    std::vector<std::unique_ptr<Job>> jobs_;
};

/// Nothing moves, so the loss of an epoch is that of all its samples, in whatever batches they came.
inline const Job::Hyperparameters kStill{{"optimizer", "sgd"}, {"learning_rate", "1e-12"}, {"weight_decay", "0"},
                                         {"epochs", "2"},      {"batch_size", "30"},       {"flip", "false"},
                                         {"crop_padding", "0"}};

/// The number behind `name` where it occurs last.
inline double last_value(const std::string& output, const std::string& name) {
    const auto at = output.rfind(name);
    return at == std::string::npos ? -1.0 : std::strtod(output.c_str() + at + name.size(), nullptr);
}

/// Starts all hosts, the last one first, and all end well. Returns how each ended.
inline std::vector<Ended> train_on_all(const Cluster& cluster) {
    std::vector<std::unique_ptr<Process>> running(cluster.hosts());
    for (std::size_t host = cluster.hosts(); host-- > 0;)
        running[host].reset(new Process(cluster.start(host)));  // which cannot be moved
    std::vector<Ended> all;
    for (const auto& process : running) {
        all.push_back(process->wait());
        INFO(all.back().output);
        CHECK(all.back().code == 0);
    }
    return all;
}

/// All hosts end well, and rank 0 reports what one host has reported. Returns how each ended.
inline std::vector<Ended> check_losses_are(const Cluster& cluster, const Ended& one) {
    auto all = train_on_all(cluster);
    INFO(all[0].output);
    for (const std::string name : {" train_loss=", " validation_loss="}) {
        const double expected = last_value(one.output, name);
        CHECK(std::abs(last_value(all[0].output, name) - expected) < 1e-4 * std::abs(expected));
    }
    return all;
}

}  // namespace tundish::testing
