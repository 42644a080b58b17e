#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace tundish {

/// The processes of one host, and how long they may take to end once one of them has ended.
struct SupervisorOptions {
    std::string executable = "/proc/self/exe";
    /// argv of every process. --local-rank, --local-ranks and --supervisor with their numbers are added.
    std::vector<std::string> arguments;
    /// One for each process: what is added to this process's environment.
    std::vector<std::map<std::string, std::string>> environments;
    int first_rank = 0;  ///< the rank of the first process; for messages
    /// After a rank has failed: the others find out and tell other hosts who it was.
    std::chrono::milliseconds patience_after_failure{8000};
    /// After a rank has noticed that a peer is lost: the others know it, too.
    std::chrono::milliseconds patience_after_loss{3000};
    /// After a rank has ended well: all are done, and what hangs now hangs in the libraries' clean-up.
    std::chrono::milliseconds patience_after_success{60000};
};

/// Starts the processes and returns when all have ended well. Passes a stop request (shutdown.hpp) on to them as
/// SIGTERM; so it does when one has ended well. When one has failed, the others notice that and end, or get SIGKILL
/// after their time; then throws Error with the code's blame and the message of the first cause (first_cause()). No
/// process outlives this call. Call from the main thread, with whose end the processes would end; works in process 1.
void supervise(const SupervisorOptions& options);

}  // namespace tundish
