#include "json_lines_reporter.hpp"

#include <sstream>

#include "tundish/base/files.hpp"
#include "tundish/train/history_json.hpp"

namespace tundish {
namespace {

void rewrite(const std::filesystem::path& path, const std::vector<EpochReport>& reports) {
    std::string content;
    for (const auto& report : reports) content += to_json_line(report);
    write_file_atomically(path, content);
}

// Leaves the file with the epochs up to `resumed_step` and returns their number.
std::size_t start_file(const std::filesystem::path& path, std::int64_t resumed_step) {
    if (!std::filesystem::is_regular_file(path)) return 0;
    const auto kept = read_json_lines(path, resumed_step);
    rewrite(path, kept);
    return kept.size();
}

}  // namespace

std::vector<EpochReport> read_json_lines(const std::filesystem::path& path, std::int64_t last_step) {
    std::vector<EpochReport> reports;
    if (!std::filesystem::is_regular_file(path)) return reports;
    std::istringstream lines(read_file(path));
    for (std::string line; std::getline(lines, line);) {
        const auto report = from_json_line(line);  // none: half a line, or a line that is not ours
        if (report && report->step <= last_step) reports.push_back(*report);
    }
    return reports;
}

JsonLinesReporter::JsonLinesReporter(const std::filesystem::path& path, std::int64_t resumed_step)
    : path_(path), epochs_(start_file(path, resumed_step)), file_(path) {}

void JsonLinesReporter::on_epoch(const EpochReport& report) {
    file_.append(to_json_line(report));
    ++epochs_;
}

void JsonLinesReporter::on_end(const std::vector<EpochReport>& history) {
    // After a resume on a fresh volume only the checkpoint knew the earlier epochs.
    if (history.size() <= epochs_) return;
    rewrite(path_, history);
    file_ = AppendFile(path_);
    epochs_ = history.size();
}

}  // namespace tundish
