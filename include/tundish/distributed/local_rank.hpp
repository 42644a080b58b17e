#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tundish {

/// One of several training processes of a host, as its supervisor (supervisor.hpp) started it.
struct LocalRank {
    int index = 0;                ///< 0 … count - 1
    int count = 1;                ///< processes of this host
    pid_t supervisor = 0;         ///< who started it
    std::filesystem::path dealt;  ///< where it finds the FIFOs of Pipe mode (FifoDealer); empty without any
};

/// Whose fault the end of a rank is.
enum class Fault {
    own,
    peer,  ///< it ends because another rank was lost or failed
};

/// Why a rank failed.
struct EndReport {
    int index = 0;  ///< of the LocalRank
    Fault fault = Fault::own;
    int code = 1;  ///< exit code
    std::string message;
};

/// What a rank writes to its supervisor: short enough for a pipe to keep it in one piece beside those of others, and
/// ended by a zero byte.
std::string to_bytes(const EndReport& report);

/// Takes the whole reports off the front of `bytes`; what is no report is passed over.
std::vector<EndReport> take_reports(std::string& bytes);

/// The cause of a job's failure, out of reports in the order in which they came: the first rank with a fault of its
/// own; when there is none, the first at all. Nothing when all is well.
std::optional<EndReport> first_cause(const std::vector<EndReport>& reports);

/// What is told of a rank that ended without a report; `status` as waitpid() gives it. Nothing when it ended well.
std::optional<std::string> describe_end(int rank, int status);

/// Binds this process to its supervisor: it is killed when that one ends, however it ends, and no signal but the first
/// means anything to it. Call first, from the main thread; ends the process at once when the supervisor has gone
/// already.
void stay_with(const LocalRank& self) noexcept;

/// Tells the supervisor, in a process that it started. Never throws. Any thread.
void send_report(const EndReport& report) noexcept;

/// Where a rank finds the pipe to its supervisor.
constexpr int kReportFd = 3;

}  // namespace tundish
