// Records a second out of a FIFO that another process fills: tundish's reader, the pattern of AWS's PipeModeDataset (a
// few small reads for each record, a pipe of 64 KiB), and reading without looking at the bytes. Every way reads the
// same bytes from the same kind of writer; the ways take turns, and the median of five rounds counts. Exit status: 0
// when tundish is fast enough beside both (kOverSmallReads, kOverRawReads), else 1.
//
//     stream_bench [records in a pass]

#include "support/fifo_writer.hpp"
#include "support/framed_bytes.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/data/inflate.hpp"
#include "tundish/data/pipe_channel.hpp"
#include "tundish/data/recordio.hpp"
#include "tundish/data/tfrecord.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace tundish;
using namespace tundish::testing;

namespace {

constexpr int kRounds = 5;
constexpr double kOverSmallReads = 2.5;
constexpr double kOverRawReads = 0.6;
constexpr std::size_t kPayload = 3110;  // a tf.train.Example with a CIFAR image: 3,126 bytes as TFRecord

struct Run {
    double seconds = 0;
    double cpu_seconds = 0;  // the reader's alone
};

struct Way {
    std::string name;
    std::function<std::int64_t(const std::string& channel)> read;  // gives the number of records
    std::vector<Run> runs;
};

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

// The platform's side, in a process of its own: `records` copies of `record` in writes of about a megabyte.
pid_t feed(const std::string& fifo, const std::string& record, std::int64_t records) {
    const std::int64_t together = (1 << 20) / static_cast<std::int64_t>(record.size());
    std::string piece;
    for (std::int64_t i = 0; i < together; ++i) piece += record;
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int fd = ::open(fifo.c_str(), O_WRONLY);
    for (std::int64_t left = records; left > 0; left -= together) {
        std::string_view bytes(piece.data(), static_cast<std::size_t>(std::min(left, together)) * record.size());
        while (!bytes.empty()) {
            const ssize_t put = ::write(fd, bytes.data(), bytes.size());
            if (put <= 0) ::_exit(1);
            bytes.remove_prefix(static_cast<std::size_t>(put));
        }
    }
    ::_exit(0);
}

// ---- PipeModeDataset's pattern (sagemaker-tensorflow-extensions, RecordReader.cpp and its two subclasses): one read()
// for each field, at most 64 KiB a time, no buffer, the record in a std::string.

class SmallReads {
  public:
    explicit SmallReads(const std::string& fifo) : fd_(::open(fifo.c_str(), O_RDONLY)) {
        if (fd_ < 0) fail("open");
    }
    SmallReads(const SmallReads&) = delete;
    SmallReads& operator=(const SmallReads&) = delete;
    ~SmallReads() { ::close(fd_); }

    std::size_t read(void* to, std::size_t size) const {
        std::size_t done = 0;
        while (done < size) {
            const ssize_t got =
                ::read(fd_, static_cast<char*>(to) + done, std::min<std::size_t>(size - done, std::size_t{1} << 16U));
            if (got < 0) fail("read");
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        return done;
    }

  private:
    int fd_;
};

std::int64_t small_tfrecord(const std::string& channel) {
    const SmallReads in(channel + "_0");
    std::int64_t records = 0;
    std::string data;
    std::uint64_t length = 0;
    std::uint32_t sum = 0;
    while (in.read(&length, sizeof length) == sizeof length) {
        in.read(&sum, sizeof sum);
        if (masked_crc32c({reinterpret_cast<const std::uint8_t*>(&length), sizeof length}) != sum) fail("length");
        data.resize(length);
        in.read(data.data(), length);
        in.read(&sum, sizeof sum);
        if (masked_crc32c(as_bytes(data)) != sum) fail("data");
        ++records;
    }
    return records;
}

std::int64_t small_recordio(const std::string& channel) {
    const SmallReads in(channel + "_0");
    std::int64_t records = 0;
    std::string data;
    std::uint32_t header[2];
    char padding[4];
    while (in.read(header, sizeof header) == sizeof header) {
        if (header[0] != RecordIo::kMagic) fail("magic");
        const std::size_t length = header[1] & ((1U << 29U) - 1);
        data.resize(length);
        in.read(data.data(), length);
        if (length % 4 != 0) in.read(padding, 4 - length % 4);
        ++records;
    }
    return records;
}

// ---- Nothing but reads, of the pipe's size in a pipe as large as tundish's.

template <std::size_t record_bytes>
std::int64_t discard(const std::string& channel) {
    const int fd = ::open((channel + "_0").c_str(), O_RDONLY);
    if (fd < 0) fail("open");
    ::fcntl(fd, F_SETPIPE_SZ, 1 << 20);
    std::vector<char> buffer(1 << 20);
    std::size_t bytes = 0;
    ssize_t got = 0;
    while ((got = ::read(fd, buffer.data(), buffer.size())) > 0) bytes += static_cast<std::size_t>(got);
    ::close(fd);
    return static_cast<std::int64_t>(bytes / record_bytes);
}

template <typename Kind>
std::int64_t ours(const std::string& channel) {
    ChannelSpec spec;
    spec.name = "train";
    spec.path = channel;
    PipeChannel pipe(spec);
    Kind framing(inflate_on_sight(pipe.next_pass()));
    while (framing.next()) {
    }
    return framing.count();
}

double cpu_seconds() {
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    const auto seconds = [](timeval t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(use.ru_utime) + seconds(use.ru_stime);
}

Run measure(const Way& way, const std::string& record, std::int64_t records) {
    const TempFolder folder;
    const std::string channel = folder.path() / "train";
    make_fifo(channel + "_0");
    const double cpu = cpu_seconds();
    const Stopwatch watch;
    const pid_t feeder = feed(channel + "_0", record, records);
    const std::int64_t got = way.read(channel);
    const Run run{watch.seconds(), cpu_seconds() - cpu};
    ::waitpid(feeder, nullptr, 0);
    if (got != records) {
        std::fprintf(stderr, "%s: %lld records of %lld\n", way.name.c_str(), static_cast<long long>(got),
                     static_cast<long long>(records));
        std::exit(1);
    }
    return run;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

double median_of(const Way& way, double Run::*field) {
    std::vector<double> values;
    for (const auto& run : way.runs) values.push_back(run.*field);
    return median(values);
}

// Of two ways in the same round, so that what else the machine does strikes both.
double ratio(const Way& faster, const Way& slower, double Run::*field = &Run::seconds) {
    std::vector<double> values;
    for (std::size_t i = 0; i < faster.runs.size(); ++i)
        values.push_back(slower.runs[i].*field / faster.runs[i].*field);
    return median(values);
}

bool judge(const char* what, double found, double wanted) {
    const bool good = found >= wanted;
    std::printf("%s: tundish / %s: %.2f, wanted %.1f\n", good ? "PASS" : "FAIL", what, found, wanted);
    return good;
}

bool compare(const char* title, const std::string& record, std::int64_t records, std::vector<Way> ways) {
    for (int round = 0; round < kRounds; ++round) {
        for (auto& way : ways) way.runs.push_back(measure(way, record, records));
    }
    std::printf("%s, %zu bytes a record, %lld records\n", title, record.size(), static_cast<long long>(records));
    for (const auto& way : ways) {
        const double seconds = median_of(way, &Run::seconds);
        std::printf("  %-24s %9.0f records/s  %5.2f GB/s  reader's CPU %.2f s\n", way.name.c_str(),
                    static_cast<double>(records) / seconds,
                    static_cast<double>(records) * static_cast<double>(record.size()) / seconds * 1e-9,
                    median_of(way, &Run::cpu_seconds));
    }
    std::printf("  CPU time: %.2f of PipeModeDataset's pattern over tundish's, %.2f of raw reads\n",
                ratio(ways[0], ways[1], &Run::cpu_seconds), ratio(ways[0], ways[2], &Run::cpu_seconds));
    const bool over_small = judge(ways[1].name.c_str(), ratio(ways[0], ways[1]), kOverSmallReads);
    return judge(ways[2].name.c_str(), ratio(ways[0], ways[2]), kOverRawReads) && over_small;
}

}  // namespace

int main(int argc, char** argv) {
    const std::int64_t records = argc > 1 ? std::atoll(argv[1]) : 300'000;
    if (records <= 0) {
        std::fprintf(stderr, "stream_bench: expected a number of records above 0, found %s\n", argv[1]);
        return 2;
    }
    const std::string payload = made_up(1, kPayload);
    const std::string as_tfrecord = tfrecord(payload);
    const std::string as_recordio = recordio_part(payload);
    const bool tfrecords = compare("TFRecord, both checksums verified", as_tfrecord, records,
                                   {{"tundish", ours<TfRecord>, {}},
                                    {"PipeModeDataset's pattern", small_tfrecord, {}},
                                    {"raw reads", discard<kPayload + 16>, {}}});
    const bool recordio = compare("RecordIO", as_recordio, records,
                                  {{"tundish", ours<RecordIo>, {}},
                                   {"PipeModeDataset's pattern", small_recordio, {}},
                                   {"raw reads", discard<(kPayload + 3) / 4 * 4 + 8>, {}}});
    return tfrecords && recordio ? 0 : 1;
}
