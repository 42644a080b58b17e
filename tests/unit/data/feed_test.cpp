#include "tundish/data/feed.hpp"

#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/errors.hpp"
#include "support/fifo_reader.hpp"
#include "support/hex.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/stopwatch.hpp"

#include <csignal>
#include <future>
#include <set>
#include <string>
#include <vector>

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

// A job's data folder, what is fed into it, and the feeder on a thread.
class Feeding {
  public:
    Feeding() {
        options.data_folder = folder.path() / "ml/input/data";
        options.patience = 200ms;
    }

    void add_channel(const std::string& name, const std::string& path, const std::string& manifest = "") {
        options.channels.push_back({name, folder.path() / path, manifest.empty() ? "" : folder.path() / manifest});
    }

    void start() {
        done = std::async(std::launch::async, [this] { feed(options); });
    }

    [[nodiscard]] std::filesystem::path fifo(const std::string& name) const { return options.data_folder / name; }

    [[nodiscard]] std::size_t files_left() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(options.data_folder), {}));
    }

    TempFolder folder;
    FeedOptions options;
    std::future<void> done;
};

template <typename Kind>
std::string feed_error(const FeedOptions& options) {
    return message_of<Kind>([&] { feed(options); });
}

// The feeder as a process of its own, as it is in real life.
class FeedProcess {
  public:
    explicit FeedProcess(const FeedOptions& options) : pid_(::fork()) {
        if (pid_ != 0) return;
        int code = 99;
        try {
            install_stop_signals();
            feed(options);
            code = 0;
        } catch (const Stopped&) {
            code = 50;
        } catch (...) {
        }
        ::_exit(code);
    }

    void stop() const { ::kill(pid_, SIGTERM); }

    [[nodiscard]] int exit_code() const {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        // The child shares the stop event with this process: its stop must not wake our waits from now on.
        std::uint64_t count = 0;
        [[maybe_unused]] const auto ignored = ::read(stop_fd(), &count, sizeof count);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }

  private:
    pid_t pid_;
};

}  // namespace

TEST_CASE("files follow each other in order, pass after pass, and the FIFOs are removed") {
    Feeding job;
    job.folder.write("train/b.bin", "second ");
    job.folder.write("train/a.bin", "first ");
    job.folder.write("train/c/d.bin", "third ");
    job.folder.write("train/_SUCCESS", "stray ");
    job.folder.write("train/.hidden", "no");
    job.folder.write("train/.git/x", "no");
    job.add_channel("train", "train");
    job.options.passes = 3;
    job.start();
    for (const auto* name : {"train_0", "train_1", "train_2"}) {
        CHECK(read_fifo(job.fifo(name)) == "stray first second third ");
    }
    job.done.get();
    CHECK(job.files_left() == 0);
}

TEST_CASE("the next FIFO is there before the current one ends") {
    Feeding job;
    job.folder.write("x", "content");
    job.add_channel("train", "x");
    job.options.passes = 2;
    job.start();
    const auto first = open_fifo(job.fifo("train_0"));
    CHECK(read_fd(first, 7) == "content");
    CHECK(std::filesystem::is_fifo(job.fifo("train_1")));
    CHECK(read_fd(first).empty());
    CHECK(read_fifo(job.fifo("train_1")) == "content");
    job.done.get();
    CHECK_FALSE(std::filesystem::exists(job.fifo("train_2")));
}

TEST_CASE("channels are fed at the same time and in any order") {
    Feeding job;
    job.folder.write("t", std::string(500'000, 't'));
    job.folder.write("v", std::string(300'000, 'v'));
    job.add_channel("train", "t");
    job.add_channel("validation", "v");
    job.options.passes = 2;
    job.start();
    const auto train = open_fifo(job.fifo("train_0"));
    CHECK(read_fd(train, 10) == "tttttttttt");
    CHECK(read_fifo(job.fifo("validation_0")) == std::string(300'000, 'v'));
    CHECK(read_fifo(job.fifo("validation_1")).size() == 300'000);
    CHECK(read_fd(train).size() == 499'990);
    CHECK(read_fifo(job.fifo("train_1")).size() == 500'000);
    job.done.get();
}

TEST_CASE("with RecordIO wrapping each object is one record") {
    Feeding job;
    job.folder.write("train/1", "abcde");
    job.folder.write("train/2", "");
    job.folder.write("train/3", from_hex("0a23d7ce"));
    job.add_channel("train", "train");
    job.options.passes = 1;
    job.options.wrap_recordio = true;
    job.start();
    CHECK(read_fifo(job.fifo("train_0")) == from_hex("0a23d7ce 05000000") + "abcde" + from_hex("000000") +
                                                from_hex("0a23d7ce 00000000") + from_hex("0a23d7ce 04000000 0a23d7ce"));
    job.done.get();
}

TEST_CASE("a manifest's attributes are sent in the given order, references as the files' bytes") {
    Feeding job;
    job.folder.write("bucket/cats/1.jpg", "JPEG1");
    job.folder.write("bucket/2.jpg", "JPEG2");
    job.folder.write(
        "x.manifest",
        "{\"source-ref\": \"s3://some-bucket/cats/1.jpg\", \"label\": 1, \"label-metadata\": {\"a\": 1}}\n\n"
        "{\"label\": \"0\", \"source-ref\": \"2.jpg\", \"hot\": [1, 0]}\n");
    job.add_channel("train", "bucket", "x.manifest");
    job.options.attributes = {"source-ref", "label"};
    job.options.passes = 1;
    job.start();
    CHECK(read_fifo(job.fifo("train_0")) == "JPEG11JPEG20");
    job.done.get();
}

TEST_CASE("wrong manifest lines are named") {
    Feeding job;
    job.folder.write("bucket/1.jpg", "JPEG1");
    job.add_channel("train", "bucket", "x.manifest");
    job.options.attributes = {"source-ref", "label"};
    const auto error_of = [&](const std::string& content) {
        job.folder.write("x.manifest", content);
        return feed_error<DataError>(job.options);
    };
    CHECK(lacks(error_of("{\"source-ref\": \"1.jpg\", \"label\": 1}\n{\"source-ref\"\n"),
                {"channel 'train'", "x.manifest, line 2", "JSON object"}) == "");
    CHECK(lacks(error_of("{\"source-ref\": \"1.jpg\", \"class\": 1}"),
                {"line 1", "no attribute 'label'", "source-ref, class"}) == "");
    CHECK(lacks(error_of("{\"source-ref\": \"s3://b/none.jpg\", \"label\": 1}"),
                {"s3://b/none.jpg", "no file", "bucket/none.jpg"}) == "");
    CHECK(lacks(error_of("{\"source-ref\": 5, \"label\": 1}"), {"no path"}) == "");
    CHECK(lacks(error_of("\n"), {"no lines"}) == "");
    CHECK(job.files_left() == 0);
}

TEST_CASE("a seed gives each pass another order, the same in every run") {
    const auto run = [](std::uint64_t seed) {
        Feeding job;
        for (char c = 'a'; c <= 'z'; ++c) job.folder.write(std::string("train/") + c, std::string(1, c));
        job.add_channel("train", "train");
        job.options.passes = 3;
        job.options.shuffle_seed = seed;
        job.start();
        std::vector<std::string> passes;
        for (const auto* name : {"train_0", "train_1", "train_2"}) passes.push_back(read_fifo(job.fifo(name)));
        job.done.get();
        return passes;
    };
    const auto passes = run(7);
    CHECK(std::set<std::string>(passes.begin(), passes.end()).size() == 3);
    for (const auto& pass : passes) CHECK(std::set<char>(pass.begin(), pass.end()).size() == 26);
    CHECK(run(7) == passes);
    CHECK(run(8) != passes);
}

TEST_CASE("the rate holds a stream back") {
    Feeding job;
    job.folder.write("x", std::string(50'000, 'x'));
    job.add_channel("train", "x");
    job.options.passes = 1;
    job.options.bytes_per_second = 100'000;
    const Stopwatch watch;
    job.start();
    CHECK(read_fifo(job.fifo("train_0")).size() == 50'000);
    CHECK(watch.seconds() > 0.4);
    job.done.get();
}

TEST_CASE("a pass that is closed early is followed by the next") {
    Feeding job;
    job.folder.write("x", std::string(3'000'000, 'x'));
    job.add_channel("train", "x");
    job.options.passes = 2;
    job.start();
    CHECK(read_fd(open_fifo(job.fifo("train_0")), 10) == "xxxxxxxxxx");
    CHECK(read_fifo(job.fifo("train_1")).size() == 3'000'000);
    job.done.get();
}

TEST_CASE("an unseen reader that closes early and does not come back ends the feeding") {
    Feeding job;
    job.folder.write("x", std::string(3'000'000, 'x'));
    job.add_channel("train", "x");
    job.start();
    CHECK(read_fd(open_fifo(job.fifo("train_0")), 10).size() == 10);
    job.done.get();
    CHECK(job.files_left() == 0);
}

TEST_CASE("an empty folder is an empty pass") {
    Feeding job;
    std::filesystem::create_directory(job.folder.path() / "train");
    job.add_channel("train", "train");
    job.options.passes = 1;
    job.start();
    CHECK(read_fifo(job.fifo("train_0")).empty());
    job.done.get();
}

TEST_CASE("the feeding ends when the reader's process has ended, other channels too") {
    Feeding job;
    job.folder.write("x", "content");
    job.add_channel("train", "x");
    job.add_channel("validation", "x");
    const FeedProcess feeder(job.options);
    CHECK(exit_code_of([&] {
              const bool whole = read_fifo(job.fifo("train_0")) == "content";
              return whole && read_fifo(job.fifo("train_1")) == "content" ? 0 : 1;
          }) == 0);
    CHECK(feeder.exit_code() == 0);
    CHECK(job.files_left() == 0);
}

TEST_CASE("a reader that dies in the middle of a pass ends the feeding") {
    Feeding job;
    job.folder.write("x", std::string(3'000'000, 'x'));
    job.add_channel("train", "x");
    const FeedProcess feeder(job.options);
    CHECK(exit_code_of([&] { return read_fd(open_fifo(job.fifo("train_0")), 100'000).size() == 100'000 ? 7 : 1; }) ==
          7);
    CHECK(feeder.exit_code() == 0);
    CHECK(job.files_left() == 0);
}

TEST_CASE("SIGTERM ends every wait, and the FIFOs are removed") {
    Feeding job;
    job.folder.write("x", std::string(3'000'000, 'x'));
    job.add_channel("train", "x");
    job.add_channel("validation", "x");
    SECTION("for readers") {
        const FeedProcess feeder(job.options);
        while (!std::filesystem::exists(job.fifo("validation_1"))) std::this_thread::sleep_for(1ms);
        feeder.stop();
        CHECK(feeder.exit_code() == 50);
    }
    SECTION("for a reader that reads no further, and one that is awaited") {
        const FeedProcess feeder(job.options);
        const auto stalled = open_fifo(job.fifo("train_0"));
        CHECK(read_fd(stalled, 10).size() == 10);
        feeder.stop();
        CHECK(feeder.exit_code() == 50);
    }
    SECTION("for the rate") {
        job.options.bytes_per_second = 1;
        const FeedProcess feeder(job.options);
        const auto slow = open_fifo(job.fifo("train_0"));
        CHECK(read_fd(slow, 1) == "x");
        feeder.stop();
        CHECK(feeder.exit_code() == 50);
    }
    CHECK(job.files_left() == 0);
}

TEST_CASE("a file that cannot be read ends all channels") {
    Feeding job;
    job.folder.write("train/1", "content");
    job.folder.write("v", "content");
    job.add_channel("train", "train");
    job.add_channel("validation", "v");
    job.options.passes = 2;
    job.start();
    while (!std::filesystem::exists(job.fifo("validation_0")) || !std::filesystem::exists(job.fifo("train_0"))) {
        std::this_thread::sleep_for(1ms);
    }
    std::filesystem::remove(job.folder.path() / "train/1");
    CHECK(read_fifo(job.fifo("train_0")).empty());
    CHECK(lacks(message_of<DataError>([&] { job.done.get(); }), {"channel 'train'", "train/1", "cannot read"}) == "");
    CHECK(job.files_left() == 0);
}

TEST_CASE("a FIFO that is there already is left alone") {
    Feeding job;
    job.folder.write("x", "content");
    job.folder.write("ml/input/data/train_1", "");
    job.add_channel("train", "x");
    CHECK(lacks(feed_error<ConfigError>(job.options), {"train_1 exists already", "another feed"}) == "");
    CHECK(job.files_left() == 1);
}

TEST_CASE("wrong feed options say so") {
    Feeding job;
    job.folder.write("x", "content");
    CHECK(lacks(feed_error<ConfigError>(job.options), {"at least one CHANNEL=PATH"}) == "");
    job.add_channel("tr/ain", "x");
    CHECK(lacks(feed_error<ConfigError>(job.options), {"'tr/ain' is no channel name"}) == "");
    job.options.channels.clear();
    job.add_channel("train", "none");
    CHECK(lacks(feed_error<ConfigError>(job.options), {"channel 'train'", "none does not exist"}) == "");
    job.options.channels.clear();
    job.add_channel("train", "x");
    job.add_channel("train", "x");
    CHECK(lacks(feed_error<ConfigError>(job.options), {"given twice"}) == "");
    job.options.channels.pop_back();
    job.options.attributes = {"source-ref"};
    CHECK(lacks(feed_error<ConfigError>(job.options), {"--manifest and --attributes"}) == "");
    job.options.channels.clear();
    job.add_channel("train", "x", "x");
    CHECK(lacks(feed_error<ConfigError>(job.options), {"no folder", "S3 bucket"}) == "");
    job.options.channels.front().manifest = job.folder.path() / "none";
    CHECK(lacks(feed_error<ConfigError>(job.options), {"no manifest"}) == "");
}
