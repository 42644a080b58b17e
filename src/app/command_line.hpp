#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tundish/app/commands.hpp"

namespace tundish {

enum class Verb { none, train, serve, predict, describe, feed, pack };

/// What the command line asks for. Private to the app floor.
struct CommandLine {
    Verb verb = Verb::none;
    std::filesystem::path root;
    std::filesystem::path model;
    std::vector<std::filesystem::path> files;
    Document document = Document::create_algorithm;
    FeedArguments feed;
    PackArguments pack;
    ServeArguments serve;
    std::optional<LocalRank> started_as;  ///< by the supervisor of this host's ranks; nothing in all other processes
    bool finished = false;                ///< --help or --version was answered
};

/// Decodes argv. No verb and a job's configuration under the root mean `train`; so does a program name of "train"
/// ("serve" likewise). `line.root` comes in as the default; it is replaced as soon as --root could be read, so that the
/// failure file lands in the right job. Throws ConfigError with the verbs or the usage.
void parse_command_line(int argc, char** argv, CommandLine& line);

}  // namespace tundish
