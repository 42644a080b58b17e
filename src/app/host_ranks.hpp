#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tundish/distributed/local_rank.hpp"
#include "tundish/distributed/rank_environment.hpp"
#include "tundish/sagemaker/hyperparameters.hpp"
#include "tundish/sagemaker/input_data_config.hpp"
#include "tundish/sagemaker/paths.hpp"

/// The training processes of this host. Private to the app floor.
namespace tundish {

/// How many ranks the job wants on this host, and what they share. Makes no call of CUDA.
HostShare share_of_host(const JobSettings& settings);

/// Runs `tundish train` once for each rank and returns when all are done (supervise()). `first_rank` is that of the
/// host's first process. Reads the channels in Pipe mode for all of them (FifoDealer).
void train_in_processes(const std::filesystem::path& root, const HostShare& host, int first_rank,
                        const InputDataConfig& channels);

/// The channels that training reads through FIFOs.
std::vector<ChannelSpec> pipes_among(const InputDataConfig& channels);

/// The channels as this process has to open them: its supervisor reads those in Pipe mode, and deals them to it.
InputDataConfig as_dealt_to(const LocalRank& self, InputDataConfig channels);

/// Leaves the cause of a failed job where it is looked for: in the failure file; in a process that a supervisor
/// started, with that one, which alone writes the file. Never throws.
void leave_cause(const Paths& paths, const std::optional<LocalRank>& started_as, Fault fault, int code,
                 const std::string& message) noexcept;

}  // namespace tundish
