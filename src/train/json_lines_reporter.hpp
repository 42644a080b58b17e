#pragma once

#include <filesystem>

#include "append_file.hpp"
#include "tundish/train/reporters.hpp"

namespace tundish {

/// The epochs in a metrics.jsonl whose step is at most `last_step`, in the file's order. A line that was torn by a
/// crash is left out; a missing file gives none. Confusion matrices are not kept in the file.
std::vector<EpochReport> read_json_lines(const std::filesystem::path& path, std::int64_t last_step);

/// metrics.jsonl: one JSON object per epoch, there to be read as soon as the epoch has ended. NaN and infinity are
/// null. Starts with the epochs up to `resumed_step` that an earlier run left in the file; on_end() puts back those
/// that the file lacked.
class JsonLinesReporter : public Reporter {
  public:
    JsonLinesReporter(const std::filesystem::path& path, std::int64_t resumed_step);

    void on_epoch(const EpochReport& report) override;
    void on_end(const std::vector<EpochReport>& history) override;

  private:
    std::filesystem::path path_;
    std::size_t epochs_;  // in the file
    AppendFile file_;
};

}  // namespace tundish
