#include "tundish/distributed/local_rank.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <sstream>

#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

// A write of at most PIPE_BUF (4,096) bytes is not mixed with others'.
constexpr std::size_t kLongestMessage = 4000;

std::optional<EndReport> parse(const std::string& bytes) {
    std::istringstream in(bytes);
    EndReport report;
    int fault = 0;
    if (!(in >> report.index >> fault >> report.code) || in.get() != ' ') return std::nullopt;
    report.fault = fault == 0 ? Fault::own : Fault::peer;
    report.message = bytes.substr(static_cast<std::size_t>(in.tellg()));
    return report;
}

std::string describe_signal(int number) {
    if (number == SIGKILL) return "(out of memory?). Lower 'batch_size' or 'ranks_per_host', or take a larger machine.";
    return text('(', ::strsignal(number), "), a fault of the program or of its libraries.");
}

}  // namespace

std::string to_bytes(const EndReport& report) {
    std::string message(utf8_prefix(report.message, kLongestMessage));
    std::replace(message.begin(), message.end(), '\0', '?');
    return text(report.index, ' ', report.fault == Fault::own ? 0 : 1, ' ', report.code, ' ', message, '\0');
}

std::vector<EndReport> take_reports(std::string& bytes) {
    std::vector<EndReport> reports;
    for (auto end = bytes.find('\0'); end != std::string::npos; end = bytes.find('\0')) {
        if (auto report = parse(bytes.substr(0, end))) reports.push_back(std::move(*report));
        bytes.erase(0, end + 1);
    }
    return reports;
}

std::optional<EndReport> first_cause(const std::vector<EndReport>& reports) {
    if (reports.empty()) return std::nullopt;
    const auto guilty =
        std::find_if(reports.begin(), reports.end(), [](const auto& report) { return report.fault == Fault::own; });
    return guilty == reports.end() ? reports.front() : *guilty;
}

std::optional<std::string> describe_end(int rank, int status) {
    if (WIFSIGNALED(status))
        return text("rank ", rank, " was killed by signal ", WTERMSIG(status), ' ', describe_signal(WTERMSIG(status)));
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        return text("rank ", rank, " ended with exit code ", WEXITSTATUS(status),
                    " and did not say why. Look at the last lines of its log.");
    return std::nullopt;
}

void stay_with(const LocalRank& self) noexcept {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // It may have died before the line above: then this process has another parent by now.
    if (::getppid() != self.supervisor) ::_exit(1);
    // Whoever signals all processes reaches this one twice, the second time through its supervisor: that must not count
    // as a second signal, which ends a process without a checkpoint. The supervisor obeys one, and then all end.
    ignore_second_signals();
}

void send_report(const EndReport& report) noexcept {
    try {
        const std::string bytes = to_bytes(report);
        [[maybe_unused]] const auto ignored = ::write(kReportFd, bytes.data(), bytes.size());
    } catch (...) {  // nothing is left to tell it with; the exit code remains
    }
}

}  // namespace tundish
