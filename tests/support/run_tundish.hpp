#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// The program's CMakeLists.txt defines TUNDISH_EXECUTABLE.
namespace tundish::testing {

using Environment = std::map<std::string, std::string>;
using Arguments = std::vector<std::string>;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kSlowness = 6;
#else
inline constexpr int kSlowness = 1;
#endif

/// How long a run may take before it is killed and counts as a failure.
inline constexpr std::chrono::seconds kDeadline{60 * kSlowness};

/// How a process ended, and all that it wrote to stdout and stderr.
struct Ended {
    int code = -1;      ///< the exit code; -1 after a signal
    int signal = 0;     ///< the signal that ended it, or 0
    bool hung = false;  ///< the deadline passed and it was killed
    std::string output;

    [[nodiscard]] bool says(std::string_view part) const { return output.find(part) != std::string::npos; }
    [[nodiscard]] std::size_t count(std::string_view part) const {
        std::size_t found = 0;
        for (auto at = output.find(part); at != std::string::npos; at = output.find(part, at + part.size())) ++found;
        return found;
    }
};

/// A child process with its output in a pipe. Killed at the end of its life if it still runs.
class Process {
  public:
    /// `arguments` includes argv[0]; `changes` are added to this process's environment.
    Process(const std::string& executable, const Arguments& arguments, const Environment& changes) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
        output_ = ends[0];
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
        auto argv = pointers(arguments);
        const auto variables = environment_with(changes);
        auto envp = pointers(variables);
        const int error = ::posix_spawn(&pid_, executable.c_str(), &actions, nullptr, argv.data(), envp.data());
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        if (error != 0) {
            ::close(output_);
            throw std::runtime_error("cannot start " + executable + ": " + std::strerror(error));
        }
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        ::close(output_);
    }

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] const std::string& output() const { return ended_.output; }

    void send(int signal_number) const { ::kill(pid_, signal_number); }

    /// Waits until the output holds `part`. False when the process ends or the deadline passes before.
    bool wait_for(std::string_view part, std::chrono::milliseconds deadline = kDeadline) {
        const auto end = Clock::now() + deadline;
        while (ended_.output.find(part) == std::string::npos) {
            if (!read_some(end)) return ended_.output.find(part) != std::string::npos;
        }
        return true;
    }

    /// Reads on for this long, so that the process makes way meanwhile.
    void let_run(std::chrono::milliseconds time) {
        const auto end = Clock::now() + time;
        while (read_some(end)) {
        }
    }

    /// Waits for the end; kills the process at the deadline.
    Ended wait(std::chrono::milliseconds deadline = kDeadline) {
        const auto end = Clock::now() + deadline;
        while (read_some(end)) {
        }
        if (!at_end_) {
            ended_.hung = true;
            ::kill(pid_, SIGKILL);
        }
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        ended_.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        ended_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        return ended_;
    }

  private:
    using Clock = std::chrono::steady_clock;

    static std::vector<char*> pointers(const std::vector<std::string>& strings) {
        std::vector<char*> out;
        for (const auto& string : strings) out.push_back(const_cast<char*>(string.c_str()));
        out.push_back(nullptr);
        return out;
    }

    // This process's environment without what would steer tundish, one thread, and the changes.
    static std::vector<std::string> environment_with(const Environment& changes) {
        Environment all{{"OMP_NUM_THREADS", "1"}};
        for (char** entry = environ; *entry != nullptr; ++entry) {
            const std::string_view both = *entry;
            const auto equals = both.find('=');
            if (equals == std::string_view::npos || both.starts_with("SAGEMAKER_")) continue;
            all.emplace(both.substr(0, equals), both.substr(equals + 1));
        }
        for (const auto& [name, value] : changes) all[name] = value;
        std::vector<std::string> out;
        for (const auto& [name, value] : all) out.push_back(name + "=" + value);
        return out;
    }

    // False at the end of the output or of the time.
    bool read_some(Clock::time_point end) {
        while (!at_end_) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
            pollfd wanted{output_, POLLIN, 0};
            const int ready = left > 0 ? ::poll(&wanted, 1, static_cast<int>(left)) : 0;
            if (ready < 0 && errno == EINTR) continue;
            if (ready <= 0) return false;
            char chunk[4096];
            const ssize_t got = ::read(output_, chunk, sizeof chunk);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) at_end_ = true;
            if (got > 0) {
                ended_.output.append(chunk, static_cast<std::size_t>(got));
                return true;
            }
        }
        return false;
    }

    pid_t pid_ = -1;
    int output_ = -1;
    bool at_end_ = false;
    Ended ended_;
};

/// Runs the real executable to its end. `arguments` are those after argv[0].
inline Ended run_tundish(Arguments arguments, const Environment& changes = {}) {
    arguments.insert(arguments.begin(), "tundish");
    return Process(TUNDISH_EXECUTABLE, arguments, changes).wait();
}

}  // namespace tundish::testing
