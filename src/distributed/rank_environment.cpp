#include "tundish/distributed/rank_environment.hpp"

#include <algorithm>
#include <sstream>

#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

// The value of a string of digits; -1 for anything else.
int number_of(std::string_view digits) {
    return parse_number<int>(digits).value_or(-1);
}

bool names_a_gpu(std::string_view entry, int installed) {
    if (entry.starts_with("GPU-") || entry.starts_with("MIG-")) return true;
    const int number = number_of(entry);
    return number >= 0 && number < installed;
}

}  // namespace

std::vector<std::string> visible_gpus(int installed, const std::optional<std::string>& variable) {
    std::vector<std::string> gpus;
    if (installed == 0) return gpus;
    if (!variable) {
        for (int gpu = 0; gpu < installed; ++gpu) gpus.push_back(text(gpu));
        return gpus;
    }
    std::istringstream entries(*variable);
    for (std::string entry; std::getline(entries, entry, ',');) {
        entry = trim(entry);
        if (!names_a_gpu(entry, installed)) break;
        gpus.push_back(entry);
    }
    return gpus;
}

int installed_gpus(const std::filesystem::path& folder) {
    int count = 0;
    for (const auto& entry : folder_entries(folder)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("nvidia") && number_of(std::string_view(name).substr(6)) >= 0) ++count;
    }
    return count;
}

int count_ranks(int wanted, const std::vector<std::string>& gpus) {
    const int available = static_cast<int>(gpus.size());
    if (wanted == 0) return std::max(available, 1);
    if (available > 0 && wanted > available)
        throw ConfigError(text("'ranks_per_host' is ", wanted, ", but this host has ", available, " visible GPUs (",
                               join(gpus, ", "), "), and two ranks cannot share one. Give ", available,
                               " or less, or 0 for one rank on each GPU."));
    return wanted;
}

std::map<std::string, std::string> rank_environment(const HostShare& host, int index) {
    std::map<std::string, std::string> variables;
    if (!host.threads_are_chosen) variables["OMP_NUM_THREADS"] = text(std::max(1, host.processors / host.ranks));
    if (!host.gpus.empty()) variables["CUDA_VISIBLE_DEVICES"] = host.gpus.at(static_cast<std::size_t>(index));
    return variables;
}

}  // namespace tundish
