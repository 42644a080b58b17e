// Decoded images a second out of a folder of images, through the reader and the decode pipeline that training uses.
//
//     decode_bench FOLDER WORKERS [SIDE]
//
// With SIDE every image is resized to 3 x SIDE x SIDE. One pass fills the page cache, then passes are timed for three
// seconds at least; the median counts.

#include "tundish/base/log.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/data/channel_reader.hpp"
#include "tundish/data/decode_pipeline.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

using namespace tundish;

namespace {

constexpr double kSeconds = 3.0;

struct Pass {
    std::int64_t images = 0;
    double seconds = 0;
};

Pass decode_all(const OpenedChannel& channel, const ImageFit& rule, int workers) {
    const Stopwatch watch;
    Pass pass;
    const auto reader = make_record_reader(channel, DataPart::all, {});
    DecodePipeline pipeline(*reader, rule, workers);
    while (const auto sample = pipeline.next()) {
        if (!sample->problem.empty()) throw std::runtime_error(sample->origin + ": " + sample->problem);
        ++pass.images;
    }
    pass.seconds = watch.seconds();
    return pass;
}

void run(const char* folder, int workers, int side) {
    ChannelSpec spec;
    spec.path = folder;
    const auto channel = open_channel(spec, nullptr, DataFormat::image_folder);
    ImageFit rule;
    if (side > 0) rule.shape = ImageShape{3, side, side};
    decode_all(channel, rule, workers);
    std::vector<double> rates;
    for (const Stopwatch watch; rates.size() < 3 || watch.seconds() < kSeconds;) {
        const auto pass = decode_all(channel, rule, workers);
        rates.push_back(static_cast<double>(pass.images) / pass.seconds);
    }
    std::sort(rates.begin(), rates.end());
    std::printf("images_per_second=%.1f workers=%d passes=%zu\n", rates[rates.size() / 2], workers, rates.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("decode_bench FOLDER WORKERS [SIDE]\n", stderr);
        return 2;
    }
    try {
        log_setup(LogLevel::error);
        run(argv[1], std::atoi(argv[2]), argc > 3 ? std::atoi(argv[3]) : 0);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "decode_bench: %s\n", error.what());
        return 1;
    }
    return 0;
}
