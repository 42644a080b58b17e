#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tundish/data/feed.hpp"
#include "tundish/data/pack.hpp"
#include "tundish/distributed/local_rank.hpp"

/// The verbs. Each reads, builds and runs; all throw what went wrong, and main() turns that into an exit code.
namespace tundish {

/// Runs this host's part of the training job under `root`: as its only rank, as the supervisor of several, or as one of
/// those, which `started_as` says.
void train_command(const std::filesystem::path& root, const std::optional<LocalRank>& started_as);

/// What `serve` is told on the command line; the rest comes from environment variables.
struct ServeArguments {
    bool root_given = false;  ///< by --root; else the platform's root is served
    std::optional<int> port;
    std::optional<std::uint64_t> largest_body;    ///< bytes
    std::optional<std::uint64_t> working_memory;  ///< bytes
};

/// Serves the model under `root` over HTTP until SIGTERM.
void serve_command(const std::filesystem::path& root, const ServeArguments& arguments);

/// Classifies image files with the model in `model_folder`, one line a file on stdout. Files that cannot be are named
/// on stderr, the others are classified all the same; at the end Error says how many there were (of a single one, what
/// is wrong with it). Throws ArtifactError.
void predict_command(const std::filesystem::path& model_folder, const std::vector<std::filesystem::path>& files);

/// Which document `describe` prints.
enum class Document { create_algorithm, hyperparameters, metrics, markdown };

/// Prints one of SageMaker's documents as JSON on stdout.
void describe_command(Document document);

/// What `feed` is told on the command line, not decoded yet.
struct FeedArguments {
    std::vector<std::string> channels;   ///< "CHANNEL=PATH"
    std::vector<std::string> manifests;  ///< "FILE", for the only channel, or "CHANNEL=FILE"
    FeedOptions options;                 ///< but for the channels and the data folder
};

/// Plays SageMaker's side of Pipe mode for the job under `root`.
void feed_command(const std::filesystem::path& root, const FeedArguments& arguments);

/// What `pack` is told on the command line.
struct PackArguments {
    std::string to;    ///< a PackFormat
    std::string part;  ///< "train", "test", "all", or empty
    PackOptions options;
};

/// Converts a folder of images to another format.
void pack_command(const PackArguments& arguments);

}  // namespace tundish
