#include <c10/util/Exception.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <system_error>

#include "command_line.hpp"
#include "host_ranks.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/heap.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"
#include "tundish/distributed/peer_error.hpp"
#include "tundish/sagemaker/failure.hpp"
#include "tundish/sagemaker/paths.hpp"

namespace tundish {
namespace {

constexpr int kUserFault = 2;
constexpr int kMachineFault = 1;

void run(const CommandLine& line) {
    switch (line.verb) {
        case Verb::train:
            keep_freed_memory();
            if (line.started_as) {
                stay_with(*line.started_as);
            } else {
                remove_stale_failure(Paths(line.root));
            }
            train_command(line.root, line.started_as);
            return;
        case Verb::predict:
            predict_command(line.model, line.files);
            return;
        case Verb::describe:
            describe_command(line.document);
            return;
        case Verb::serve:
            serve_command(line.root, line.serve);
            return;
        case Verb::feed:
            feed_command(line.root, line.feed);
            return;
        case Verb::pack:
            pack_command(line.pack);
            return;
        case Verb::none:
            return;
    }
}

int fail(const CommandLine& line, int code, const std::string& message, Fault fault = Fault::own) {
    log_error(message);
    const Paths paths(line.root);
    std::error_code ignored;
    const bool no_verb_in_a_job = line.verb == Verb::none && std::filesystem::exists(paths.output(), ignored);
    if (line.verb == Verb::train || no_verb_in_a_job) leave_cause(paths, line.started_as, fault, code, message);
    return code;
}

constexpr const char* kOutOfMemory = "out of memory: lower 'batch_size' or take a larger machine";

// Its CPU allocator has no exception of its own.
bool is_out_of_memory(const c10::Error& error) {
    return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
           error.msg().find("can't allocate memory") != std::string::npos;
}

// The one place where exceptions become exit codes and the failure file.
int main_of(int argc, char** argv) {
    CommandLine line;
    line.root = default_root();
    try {
        parse_command_line(argc, argv, line);
        if (!line.finished) run(line);
        return 0;
    } catch (const Stopped& stop) {
        log_info(text("stopped on request during ", stop.what()));
        return 0;
    } catch (const PeerError& error) {
        return fail(line, kMachineFault, error.what(), Fault::peer);
    } catch (const Error& error) {
        return fail(line, error.blame() == Blame::user ? kUserFault : kMachineFault, error.what());
    } catch (const c10::Error& error) {
        log_debug(error.what());
        if (is_out_of_memory(error)) return fail(line, kMachineFault, kOutOfMemory);
        return fail(line, kMachineFault, text("LibTorch failed: ", error.what_without_backtrace()));
    } catch (const std::bad_alloc&) {
        return fail(line, kMachineFault, kOutOfMemory);
    } catch (const std::exception& error) {
        return fail(line, kMachineFault, text("internal error: ", error.what()));
    }
}

// LibTorch takes a tenth of a second to undo the registrations of its operators at exit, which nobody needs: everything
// of ours has ended by now, and what it wrote is on disk. Only the sanitizers look for leaks then.
int leave(int code) {
    std::cout.flush();
    std::fflush(nullptr);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    ::_exit(code);
#else
    return code;
#endif
}

}  // namespace
}  // namespace tundish

int main(int argc, char** argv) {
    ::umask(022);
    tundish::install_stop_signals();
    return tundish::leave(tundish::main_of(argc, argv));
}
