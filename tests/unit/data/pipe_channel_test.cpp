#include "tundish/data/pipe_channel.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/fifo_writer.hpp"
#include "support/framed_bytes.hpp"
#include "support/stopped_child.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/unique_fd.hpp"
#include "tundish/data/fixed_records.hpp"
#include "tundish/data/recordio.hpp"
#include "tundish/data/tfrecord.hpp"

#include <fcntl.h>
#include <functional>
#include <sys/resource.h>
#include <sys/wait.h>
#include <vector>

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

/// A Pipe-mode channel in a folder of its own.
struct Pipe {
    TempFolder folder;
    ChannelSpec spec;

    Pipe() {
        spec.name = "train";
        spec.path = folder.path() / "train";
        spec.mode = InputMode::pipe;
    }
    [[nodiscard]] std::filesystem::path fifo(int pass) const {
        return folder.path() / ("train_" + std::to_string(pass));
    }
};

/// Lets the process open this many files more, as long as it lives.
class FewDescriptors {
  public:
    explicit FewDescriptors(int more) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        std::vector<UniqueFd> taken;
        for (int i = 0; i < more; ++i) taken.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        const rlimit now{static_cast<rlim_t>(taken.back().get()) + 1, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    FewDescriptors(const FewDescriptors&) = delete;
    FewDescriptors& operator=(const FewDescriptors&) = delete;
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

std::string drain(ByteSource& source, std::size_t piece = 4096) {
    std::string all;
    std::string buffer(piece, '\0');
    while (const auto got = source.read(reinterpret_cast<std::uint8_t*>(buffer.data()), piece)) {
        all.append(buffer, 0, got);
    }
    return all;
}

}  // namespace

TEST_CASE("a pass is what the writer wrote, however it wrote it") {
    const Pipe pipe;
    PipeChannel channel(pipe.spec);
    const auto content = made_up(1, 20'000);
    const std::vector<FifoWriter::Script> scripts{
        [&](FifoWriter& writer) { writer.write(content); },
        [&](FifoWriter& writer) { writer.write(content, 1); },
        [&](FifoWriter& writer) {
            writer.pause(100ms);
            writer.write(content);
        },
        [&](FifoWriter& writer) {
            writer.write(content.substr(0, 7'000));
            writer.pause(100ms);
            writer.write(content.substr(7'000), 1'000);
        },
    };
    for (int pass = 0; pass < 4; ++pass) {
        make_fifo(pipe.fifo(pass));
        const FifoWriter writer(pipe.fifo(pass), scripts[static_cast<std::size_t>(pass)]);
        const auto source = channel.next_pass();
        CHECK(drain(*source) == content);
        std::uint8_t byte = 0;
        CHECK(source->read(&byte, 1) == 0);
    }
    CHECK(channel.passes() == 4);
}

TEST_CASE("a pass is read also where there are no file descriptors for a pipe beside it") {
    const Pipe pipe;
    PipeChannel channel(pipe.spec);
    const auto content = made_up(1, 3 << 20);
    make_fifo(pipe.fifo(0));
    const auto source = channel.next_pass();
    const FewDescriptors reader_and_writer(2);
    const FifoWriter writer(pipe.fifo(0), [&](FifoWriter& out) { out.write(content); });
    CHECK(drain(*source) == content);
}

TEST_CASE("a FIFO that its writer has made larger than we would stays so") {
    const Pipe pipe;
    make_fifo(pipe.fifo(0));
    const UniqueFd ours(::open(pipe.fifo(0).c_str(), O_RDWR | O_CLOEXEC));
    constexpr int kLarge = 4 << 20;
    if (::fcntl(ours.get(), F_SETPIPE_SZ, kLarge) < 0) SKIP_TEST("this user may not have a pipe of 4 MiB");
    PipeChannel channel(pipe.spec);
    const auto source = channel.next_pass();
    REQUIRE(::write(ours.get(), "a", 1) == 1);
    std::uint8_t byte = 0;
    REQUIRE(source->read(&byte, 1) == 1);
    CHECK(::fcntl(ours.get(), F_GETPIPE_SZ) == kLarge);
}

TEST_CASE("a pass that its writer leaves without a byte is empty, not awaited again") {
    const Pipe pipe;
    make_fifo(pipe.fifo(0));
    PipeChannel channel(pipe.spec);
    const FifoWriter writer(pipe.fifo(0), [](FifoWriter& w) { w.pause(50ms); });
    CHECK(drain(*channel.next_pass()).empty());
}

TEST_CASE("a FIFO that comes late is awaited") {
    const Pipe pipe;
    PipeChannel channel(pipe.spec);
    const std::jthread platform([&] {
        std::this_thread::sleep_for(150ms);
        make_fifo(pipe.fifo(0));
    });
    const FifoWriter writer(pipe.fifo(0), [](FifoWriter& w) { w.write("late"); });
    CHECK(drain(*channel.next_pass()) == "late");
}

TEST_CASE("a pass may be left early, and is opened only after the one before was closed") {
    const Pipe pipe;
    make_fifo(pipe.fifo(0));
    make_fifo(pipe.fifo(1));
    PipeChannel channel(pipe.spec);
    auto first = channel.next_pass();
    CHECK_THROWS_AS(channel.next_pass(), MachineError);
    {
        const FifoWriter writer(pipe.fifo(0), [](FifoWriter& w) { w.write(made_up(1, 4 << 20)); });
        std::uint8_t bytes[10];
        CHECK(first->read(bytes, sizeof bytes) == 10);
        CHECK(first->what() == "channel 'train', pass 0 (" + pipe.fifo(0).string() + ")");
        first.reset();
    }
    const FifoWriter writer(pipe.fifo(1), [](FifoWriter& w) { w.write("second"); });
    const auto second = channel.next_pass();
    CHECK(drain(*second) == "second");
    CHECK(second->place() == "pass 1 (" + pipe.fifo(1).string() + ")");
}

TEST_CASE("what is no FIFO is refused with what to do") {
    const Pipe pipe;
    std::ofstream(pipe.fifo(0)) << "a file";
    PipeChannel channel(pipe.spec);
    std::uint8_t byte = 0;
    CHECK(lacks(message_of<DataError>([&] { channel.next_pass()->read(&byte, 1); }),
                {"channel 'train', pass 0", "regular file", "input mode to File", "tundish feed"}) == "");
    std::filesystem::create_directory(pipe.fifo(1));
    CHECK(lacks(message_of<DataError>([&] { channel.next_pass()->read(&byte, 1); }), {"pass 1", "folder"}) == "");
}

TEST_CASE("deadlines name channel, pass and path") {
    const Pipe pipe;
    std::filesystem::create_directory(pipe.spec.path);
    PipeOptions options;
    options.first_fifo_deadline = 120ms;
    options.next_fifo_deadline = 60ms;
    options.stall_deadline = 80ms;
    options.notice_interval = 40ms;
    PipeChannel channel(pipe.spec, options);
    std::uint8_t byte = 0;
    const Stopwatch watch;
    CHECK(lacks(message_of<DataError>([&] { channel.next_pass()->read(&byte, 1); }),
                {"channel 'train', pass 0 (" + pipe.fifo(0).string(), "waiting for the FIFO", "there is a folder"}) ==
          "");
    CHECK(watch.seconds() >= 0.12);
    CHECK(lacks(message_of<DataError>([&] { channel.next_pass()->read(&byte, 1); }), {"pass 1"}) == "");
    make_fifo(pipe.fifo(2));
    CHECK(lacks(message_of<MachineError>([&] { channel.next_pass()->read(&byte, 1); }),
                {"pass 2", "waiting for the first byte", "stalled"}) == "");
    make_fifo(pipe.fifo(3));
    const FifoWriter writer(pipe.fifo(3), [](FifoWriter& w) {
        w.write("abc");
        w.pause(60s);
    });
    CHECK(lacks(message_of<MachineError>([&] { drain(*channel.next_pass()); }),
                {"pass 3", "waiting for more after byte 3", "stalled"}) == "");
    options.look_interval = 0ms;
    CHECK(lacks(message_of<ConfigError>([&] { PipeChannel(pipe.spec, options); }), {"look_interval"}) == "");
}

TEST_CASE("a stop ends every wait for a FIFO") {
    const Pipe pipe;
    std::uint8_t bytes[8];
    CHECK(stop_ends([&] { PipeChannel(pipe.spec).next_pass()->read(bytes, 8); }));
    make_fifo(pipe.fifo(0));
    CHECK(stop_ends([&] { PipeChannel(pipe.spec).next_pass()->read(bytes, 8); }));
    CHECK(stop_ends([&] {
        const FifoWriter writer(pipe.fifo(0), [](FifoWriter& w) {
            w.write("abc");
            w.pause(60s);
        });
        PipeChannel channel(pipe.spec);
        drain(*channel.next_pass());
    }));
    CHECK(stop_ends([&] {
        const FifoWriter writer(pipe.fifo(0), [](FifoWriter& w) {
            while (!w.done()) w.write(made_up(1, 1000));
        });
        PipeChannel channel(pipe.spec);
        drain(*channel.next_pass());
    }));
}

TEST_CASE("a writer that dies in mid-record: pass, record and byte are named for each framing") {
    using Make = std::function<std::unique_ptr<Framing>(std::unique_ptr<ByteSource>)>;
    struct Kind {
        std::string record;
        Make make;
    };
    const std::vector<Kind> kinds{
        {recordio_part(made_up(1, 3000)), [](auto source) { return std::make_unique<RecordIo>(std::move(source)); }},
        {tfrecord(made_up(1, 3000)), [](auto source) { return std::make_unique<TfRecord>(std::move(source)); }},
        {std::string(3073, '\3'),
         [](auto source) { return std::make_unique<FixedRecords>(std::move(source), kCifar10Layout); }},
    };
    const Pipe pipe;
    PipeChannel channel(pipe.spec);
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        const auto path = pipe.fifo(static_cast<int>(i));
        make_fifo(path);
        const auto bytes = kinds[i].record + kinds[i].record + kinds[i].record.substr(0, 1500);
        const pid_t child = ::fork();
        if (child == 0) {
            const int fd = ::open(path.c_str(), O_WRONLY);
            [[maybe_unused]] const auto ignored = ::write(fd, bytes.data(), bytes.size());
            ::raise(SIGKILL);
        }
        const auto framing = kinds[i].make(channel.next_pass());
        const auto got = read_all<DataError>(*framing);
        ::waitpid(child, nullptr, 0);
        CHECK(got.records.size() == 2);
        CHECK(lacks(got.error, {"channel 'train'", "pass " + std::to_string(i), path.string(), "record 2",
                                "(byte " + std::to_string(2 * kinds[i].record.size()), "found 1500", "writer died"}) ==
              "");
    }
}

TEST_CASE("stray objects in a stream are pointed out") {
    const Pipe pipe;
    make_fifo(pipe.fifo(0));
    const FifoWriter writer(pipe.fifo(0), [](FifoWriter& w) {
        w.write(tfrecord("good") + "<html><body>The CIFAR-10 dataset</body></html>");
    });
    PipeChannel channel(pipe.spec);
    TfRecord framing(channel.next_pass());
    CHECK(lacks(read_all<DataError>(framing).error,
                {"pass 0", "record 1 (byte 20)", "text that begins '<html>", "stray", "_SUCCESS"}) == "");
}
