#include "tundish/distributed/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"
#include "tundish/base/unique_fd.hpp"
#include "tundish/distributed/local_rank.hpp"

namespace tundish {
namespace {

using Clock = std::chrono::steady_clock;
using Environment = std::map<std::string, std::string>;

// How long the end of a process may go unnoticed: no descriptor tells of it on the kernels of older hosts.
constexpr int kTickMilliseconds = 100;

constexpr int kUserFault = 2;

std::vector<std::string> environment_with(Environment all) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view both = *entry;
        const auto equals = both.find('=');
        if (equals != std::string_view::npos) all.emplace(both.substr(0, equals), both.substr(equals + 1));
    }
    std::vector<std::string> out;
    for (const auto& [name, value] : all) out.push_back(text(name, '=', value));
    return out;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> out;
    out.reserve(strings.size() + 1);
    for (auto& string : strings) out.push_back(string.data());
    out.push_back(nullptr);
    return out;
}

// What posix_spawn is told beside program, arguments and environment.
class SpawnSettings {
  public:
    explicit SpawnSettings(int report_fd) {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions, report_fd, kReportFd);
        ::posix_spawnattr_init(&attributes);
        // A group of its own: Ctrl-C reaches this process alone, which passes it on. A second signal would end a rank.
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;
    ~SpawnSettings() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
};

class Supervisor {
  public:
    explicit Supervisor(const SupervisorOptions& options) : options_(options) {}
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    ~Supervisor() {
        for (const auto& child : children_) {
            if (!child.running) continue;
            ::kill(child.pid, SIGKILL);
            ::waitpid(child.pid, nullptr, 0);
        }
    }

    void run() {
        start_all();
        while (std::any_of(children_.begin(), children_.end(), [](const auto& child) { return child.running; })) {
            wait_for_news();
            reap();
            if (stop_requested()) ask_all_to_stop();
            if (Clock::now() >= deadline_) kill_rest();
        }
        if (const auto cause = first_cause(failures_))
            throw Error(cause->code == kUserFault ? Blame::user : Blame::machine, cause->message);
    }

  private:
    struct Child {
        pid_t pid = -1;
        bool running = true;
        bool reported = false;
        bool asked_to_stop = false;
        bool killed = false;
    };

    void start_all() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0)
            throw MachineError(text("cannot make a pipe to the ranks: ", system_reason(errno)));
        reports_ = UniqueFd(ends[0]);
        ::fcntl(reports_.get(), F_SETFL, O_NONBLOCK);
        const UniqueFd write_end(ends[1]);
        std::vector<std::string> names;
        for (std::size_t index = 0; index < options_.environments.size(); ++index) {
            start(index, write_end.get());
            names.push_back(text(options_.first_rank + static_cast<int>(index), " (pid ", children_.back().pid, ")"));
        }
        log_info(text("this host has ", names.size(), " ranks: ", join(names, ", ")));
    }

    void start(std::size_t index, int report_fd) {
        const SpawnSettings settings(report_fd);
        auto arguments = options_.arguments;
        for (const auto& more : {std::string("--local-rank"), text(index), std::string("--local-ranks"),
                                 text(options_.environments.size()), std::string("--supervisor"), text(::getpid())})
            arguments.push_back(more);
        auto variables = environment_with(options_.environments[index]);
        Child child;
        const int problem = ::posix_spawn(&child.pid, options_.executable.c_str(), &settings.actions,
                                          &settings.attributes, pointers(arguments).data(), pointers(variables).data());
        if (problem != 0)
            throw MachineError(text("cannot start rank ", options_.first_rank + static_cast<int>(index), " of ",
                                    options_.environments.size(), " on this host: ", system_reason(problem),
                                    ". Lower 'ranks_per_host', or take a larger machine."));
        children_.push_back(child);
    }

    // --- what happens ---

    void wait_for_news() {
        std::array<pollfd, 2> wanted{pollfd{reports_.get(), POLLIN, 0},
                                     pollfd{stop_requested() ? -1 : stop_fd(), POLLIN, 0}};
        ::poll(wanted.data(), wanted.size(), kTickMilliseconds);
        read_reports();
    }

    void read_reports() {
        std::array<char, 4096> chunk{};
        ssize_t got = 0;
        while (reports_ && (got = ::read(reports_.get(), chunk.data(), chunk.size())) > 0)
            unread_.append(chunk.data(), static_cast<std::size_t>(got));
        if (got == 0) reports_.reset();  // all have ended, and poll() would return at once from now on
        for (const auto& report : take_reports(unread_)) {
            const auto index = static_cast<std::size_t>(report.index);
            if (index >= children_.size()) continue;
            children_[index].reported = true;
            note_failure(report);
        }
    }

    // Every process, not only those of ours: process 1 inherits the children of others.
    void reap() {
        int status = 0;
        pid_t pid = 0;
        while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
            read_reports();  // written before the end, perhaps after the last look
            for (std::size_t index = 0; index < children_.size(); ++index) {
                if (children_[index].pid == pid && children_[index].running) note_end(index, status);
            }
        }
    }

    void note_end(std::size_t index, int status) {
        Child& child = children_[index];
        child.running = false;
        if (child.reported) return;
        const int rank = options_.first_rank + static_cast<int>(index);
        const bool by_us = WIFSIGNALED(status) && ((WTERMSIG(status) == SIGKILL && child.killed) ||
                                                   (WTERMSIG(status) == SIGTERM && child.asked_to_stop));
        const auto why = by_us ? std::nullopt : describe_end(rank, status);
        if (why) {
            log_error(*why);
            note_failure({.index = static_cast<int>(index), .fault = Fault::own, .code = 1, .message = *why});
        } else {
            end_within(options_.patience_after_success);
            ask_all_to_stop();
        }
    }

    // --- what is done about it ---

    // Without SIGTERM: ranks hand a request to stop on to all hosts, which would then take the loss for a clean end.
    // They notice it themselves.
    void note_failure(const EndReport& report) {
        failures_.push_back(report);
        end_within(report.fault == Fault::own ? options_.patience_after_failure : options_.patience_after_loss);
    }

    void end_within(std::chrono::milliseconds limit) { deadline_ = std::min(deadline_, Clock::now() + limit); }

    // Once each: a second signal ends a rank without a checkpoint.
    void ask_all_to_stop() {
        for (auto& child : children_) {
            if (child.running && !child.asked_to_stop) ::kill(child.pid, SIGTERM);
            child.asked_to_stop = true;
        }
    }

    void kill_rest() {
        for (std::size_t index = 0; index < children_.size(); ++index) {
            Child& child = children_[index];
            if (!child.running || child.killed) continue;
            log_warning(text("rank ", options_.first_rank + static_cast<int>(index), " does not end; it is killed"));
            ::kill(child.pid, SIGKILL);
            child.killed = true;
        }
    }

    const SupervisorOptions& options_;
    UniqueFd reports_;
    std::string unread_;
    std::vector<Child> children_;
    std::vector<EndReport> failures_;
    Clock::time_point deadline_ = Clock::time_point::max();
};

}  // namespace

void supervise(const SupervisorOptions& options) {
    Supervisor(options).run();
}

}  // namespace tundish
