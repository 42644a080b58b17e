#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "support/cifar_files.hpp"
#include "support/run_tundish.hpp"
#include "support/temp_folder.hpp"

namespace tundish::testing {

/// A made-up /opt/ml in a folder of its own, with a network and a run that take a moment. HOME and TMPDIR of its runs
/// are folders beside it, which must stay empty.
class Job {
  public:
    using Hyperparameters = std::map<std::string, std::string>;

    /// `changes` go over lenet, one epoch, batches of 50, a fixed seed; an empty value takes a name out.
    explicit Job(const Hyperparameters& changes = {}) {
        for (const char* name : {"home", "tmp", "ml/input/config", "ml/input/data", "ml/model", "ml/output"})
            std::filesystem::create_directories(folder_.path() / name);
        hyperparameters(changes);
        write("input/config/resourceconfig.json",
              R"({"current_host":"algo-1","hosts":["algo-1"],"network_interface_name":"eth0"})");
        channels({"train"});
    }

    [[nodiscard]] std::filesystem::path root() const { return folder_.path() / "ml"; }
    [[nodiscard]] std::filesystem::path at(const std::filesystem::path& relative) const { return root() / relative; }
    /// For write_cifar10() and its like: names in it start with "ml/".
    [[nodiscard]] const TempFolder& folder() const { return folder_; }

    void write(const std::filesystem::path& relative, const std::string& content) const {
        folder_.write("ml" / relative, content);
    }
    [[nodiscard]] std::string read(const std::filesystem::path& relative) const {
        return folder_.read("ml" / relative);
    }
    [[nodiscard]] bool has(const std::filesystem::path& relative) const {
        return std::filesystem::exists(at(relative));
    }
    [[nodiscard]] std::string failure() const { return read("output/failure"); }

    /// Names of what lies in a folder under the root, sorted.
    [[nodiscard]] std::vector<std::string> list(const std::filesystem::path& relative) const {
        std::vector<std::string> names;
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(at(relative), error))
            names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }

    void hyperparameters(const Hyperparameters& changes) {
        Hyperparameters all{
            {"model", "lenet"}, {"epochs", "1"}, {"batch_size", "50"}, {"seed", "7"}, {"deterministic", "true"}};
        for (const auto& [name, value] : changes) all[name] = value;
        std::string json;
        for (const auto& [name, value] : all) {
            if (!value.empty()) json += (json.empty() ? "{\"" : ",\"") + name + "\":\"" + escaped(value) + "\"";
        }
        write("input/config/hyperparameters.json", json.empty() ? "{}" : json + "}");
    }

    void channels(const std::vector<std::string>& names) const {
        std::string json;
        for (const auto& name : names)
            json += (json.empty() ? "{\"" : ",\"") + name + R"(":{"TrainingInputMode":"File"})";
        write("input/config/inputdataconfig.json", json + "}");
    }

    /// `per_batch` records in each of two training files and in test_batch.bin.
    Job& cifar10(std::int64_t per_batch = 50) {
        write_cifar10(folder_, "ml/input/data/train", 2, per_batch);
        return *this;
    }

    [[nodiscard]] Environment environment() const {
        return {{"HOME", (folder_.path() / "home").string()}, {"TMPDIR", (folder_.path() / "tmp").string()}};
    }
    [[nodiscard]] Process start() const {
        return {TUNDISH_EXECUTABLE, {"tundish", "train", "--root", root().string()}, environment()};
    }
    [[nodiscard]] Ended train() const { return run_tundish({"train", "--root", root().string()}, environment()); }

  private:
    static std::string escaped(const std::string& value) {
        std::string out;
        for (const char c : value) out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
        return out;
    }

    TempFolder folder_;
};

}  // namespace tundish::testing
