#pragma once

#include <filesystem>
#include <string>

namespace tundish {

enum class InputMode { file, fast_file, pipe };
enum class Distribution { fully_replicated, sharded_by_s3_key };
enum class RecordWrapper { none, recordio };

/// A named input of the job, as inputdataconfig.json declares it.
struct ChannelSpec {
    std::string name;            ///< "train", "validation", …
    std::filesystem::path path;  ///< the folder of File and FastFile mode; `path` + "_<k>" are the FIFOs of Pipe mode
    InputMode mode = InputMode::file;
    Distribution distribution = Distribution::fully_replicated;
    RecordWrapper wrapper = RecordWrapper::none;
    std::string content_type;  ///< as the job gave it, possibly with parameters; empty when absent
};

}  // namespace tundish
