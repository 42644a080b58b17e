// Any bytes as CIFAR files: read to whole samples with labels in range, or refused with DataError. The first
// byte chooses the format, the next two how much of the input goes into the first file and into the file of
// class names.

#include "tundish/base/bytes.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/data/cifar_reader.hpp"
#include "tundish/data/sample_set.hpp"

#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>

namespace {

// A channel folder of its own in memory.
tundish::ChannelSpec make_channel() {
    tundish::log_setup(tundish::LogLevel::error);
    char pattern[] = "/dev/shm/tundish-fuzz-XXXXXX";
    if (::mkdtemp(pattern) == nullptr) std::abort();
    tundish::ChannelSpec channel;
    channel.name = "train";
    channel.path = pattern;
    static const std::string folder = pattern;
    std::atexit([] { std::filesystem::remove_all(folder); });
    return channel;
}

void write(const std::filesystem::path& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const tundish::ChannelSpec channel = make_channel();
    if (size < 3) return 0;
    const std::string_view rest = tundish::as_text({data + 3, size - 3});
    // Whole records are unlikely by chance, so the pixels are left to us: each input byte is a label.
    const bool hundred = data[0] % 2 != 0;
    std::string records;
    for (const char label : rest.substr(0, std::size_t{data[1]})) {
        if (hundred) records += '\0';
        records += label;
        records.append(data[0] == 255 ? 3071 : 3072, label);
    }
    write(channel.path / "data_batch_1.bin", records);
    write(channel.path / (hundred ? "fine_label_names.txt" : "batches.meta.txt"), rest);
    tundish::DataOptions options;
    options.num_classes = data[2] % 12;
    options.format = hundred ? tundish::DataFormat::cifar100 : tundish::DataFormat::cifar10;
    try {
        const auto set = tundish::load_samples(channel, options);
        if (set.pixels.size() != set.labels.size() * set.shape.pixels()) std::abort();
        for (const auto label : set.labels) {
            if (label < 0 || label >= static_cast<std::int64_t>(set.class_names.size())) std::abort();
        }
    } catch (const tundish::DataError&) {
    }
    return 0;
}
