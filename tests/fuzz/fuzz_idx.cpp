// Any bytes as a pair of IDX files: read to whole images with labels in range, or refused with DataError, and the same
// whether image by image or all at once. The first two bytes say how much of the input goes into the labels file, the
// third which of the headers are put right.

#include "support/idx_files.hpp"
#include "tundish/base/bytes.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/data/idx_reader.hpp"
#include "tundish/data/sample_set.hpp"

#include <cstdlib>
#include <iostream>
#include <unistd.h>

using namespace tundish;

namespace {

// A channel folder of its own in memory.
ChannelFiles make_channel() {
    log_setup(LogLevel::error);
    char pattern[] = "/dev/shm/tundish-fuzz-XXXXXX";
    if (::mkdtemp(pattern) == nullptr) std::abort();
    static const std::string folder = pattern;
    std::atexit([] { std::filesystem::remove_all(folder); });
    ChannelFiles files;
    files.channel.name = "train";
    files.channel.path = folder;
    files.files = {"images-idx3-ubyte", "labels-idx1-ubyte"};
    return files;
}

struct Outcome {
    SampleSet set;
    std::string error;
};

Outcome read(const ChannelFiles& files, std::int64_t classes, bool at_once) {
    Outcome out;
    try {
        IdxReader reader(files, DataPart::all, classes);
        if (at_once) reader.read_all_into(out.set);
        while (const auto record = reader.next()) {
            if (record->label >= reader.class_count()) std::abort();
            out.set.labels.push_back(record->label);
            out.set.pixels.insert(out.set.pixels.end(), record->payload.begin(), record->payload.end());
        }
        if (out.set.pixels.size() != out.set.labels.size() * reader.raw_shape()->pixels()) std::abort();
    } catch (const DataError& error) {
        out.error = error.what();
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const ChannelFiles files = make_channel();
    if (size < 6) return 0;
    const std::string rest(as_text({data + 6, size - 6}));
    const std::size_t split = (data[0] * 256U + data[1]) % (rest.size() + 1);
    std::string labels = rest.substr(0, split);
    std::string images = rest.substr(split);
    if (data[2] % 2 != 0) labels.insert(0, testing::idx_header(0x801, {static_cast<std::uint32_t>(labels.size())}));
    if (data[2] / 2 % 2 != 0) images.insert(0, testing::idx_header(0x803, {data[3], data[4] % 8U, data[5] % 8U}));
    std::ofstream(files.path_of(files.files[0]), std::ios::binary) << images;
    std::ofstream(files.path_of(files.files[1]), std::ios::binary) << labels;
    const std::int64_t classes = data[2] / 4 % 12;
    const auto one_by_one = read(files, classes, false);
    const auto at_once = read(files, classes, true);
    if (one_by_one.error != at_once.error ||
        (one_by_one.error.empty() &&
         (one_by_one.set.labels != at_once.set.labels || one_by_one.set.pixels != at_once.set.pixels))) {
        std::cerr << one_by_one.error << '\n' << at_once.error << '\n';
        std::abort();
    }
    return 0;
}
