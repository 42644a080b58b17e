#pragma once

#include "support/channel_at.hpp"
#include "support/errors.hpp"
#include "support/fifo_writer.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/crc32c.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_codec.hpp"
#include "tundish/data/mxnet_record.hpp"
#include "tundish/data/record_frames.hpp"
#include "tundish/data/sample_set.hpp"

#include <functional>

// The same 130 pictures in each format that can be streamed, and what a channel of such bytes comes to.
namespace tundish::testing {

inline constexpr std::int64_t kRecords = 130;  // more than the layout detector looks at
inline constexpr ImageShape kShape{3, 32, 32};

/// A picture of slow waves: what neighbours are can be seen, and every byte is known.
inline Bytes picture(std::int64_t record) {
    Bytes pixels(kShape.pixels());
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        const auto channel = static_cast<int>(i / 1024);
        const auto y = static_cast<int>(i / 32 % 32);
        const auto x = static_cast<int>(i % 32);
        pixels[i] = static_cast<std::uint8_t>((channel * 80 + 2 * y + 3 * x + record) % 256);
    }
    return pixels;
}

inline std::int64_t label_of(std::int64_t record) {
    return record % 10;
}

inline Bytes png(const Image& image) {
    const auto encoded = encode_png(image);
    return {encoded.begin(), encoded.end()};
}

inline Bytes interleaved(const Bytes& planar) {
    Bytes out(planar.size());
    for (std::size_t i = 0; i < planar.size(); ++i) out[i % 1024 * 3 + i / 1024] = planar[i];
    return out;
}

/// All records in one format, as `append` writes one.
inline std::string written(const std::function<void(std::string&, const Bytes&, std::int64_t)>& append) {
    std::string out;
    for (std::int64_t i = 0; i < kRecords; ++i) append(out, picture(i), i);
    return out;
}

inline void as_cifar(std::string& out, const Bytes& pixels, std::int64_t record) {
    out += static_cast<char>(label_of(record));
    out += as_text(pixels);
}

inline void as_mxnet(std::string& out, const Bytes& pixels, std::int64_t record) {
    std::string payload;
    append_mxnet_record(payload, label_of(record), static_cast<std::uint64_t>(record), png({kShape, pixels}));
    append_recordio(out, as_bytes(payload));
}

inline void as_manifest(std::string& out, const Bytes& pixels, std::int64_t record) {
    append_recordio(out, png({kShape, pixels}));
    append_recordio(out, as_bytes(text(label_of(record))));
}

inline void as_example(std::string& out, const Bytes& pixels, std::int64_t record) {
    std::string payload;
    append_raw_example(payload, pixels, kShape, label_of(record));
    append_tfrecord(out, as_bytes(payload));
}

inline void as_interleaved_example(std::string& out, const Bytes& pixels, std::int64_t record) {
    as_example(out, interleaved(pixels), record);
}

inline void as_encoded_example(std::string& out, const Bytes& pixels, std::int64_t record) {
    std::string payload;
    append_encoded_example(payload, png({kShape, pixels}), label_of(record));
    append_tfrecord(out, as_bytes(payload));
}

inline std::uint32_t checksum(const SampleSet& set) {
    return crc32c(set.pixels, crc32c({reinterpret_cast<const std::uint8_t*>(set.labels.data()),
                                      set.labels.size() * sizeof(std::int64_t)}));
}

inline SampleSet from_file(const std::string& bytes, const DataOptions& options = {}) {
    const TempFolder folder;
    folder.write("part-00000", bytes);
    return load_samples(channel_at(folder.path()), options);
}

inline SampleSet from_pipe(const std::string& bytes, const DataOptions& options = {},
                           RecordWrapper wrapper = RecordWrapper::none) {
    const TempFolder folder;
    auto channel = channel_at(folder.path() / "train", InputMode::pipe);
    channel.wrapper = wrapper;
    make_fifo(folder.path() / "train_0");
    FifoWriter writer(folder.path() / "train_0", [&](FifoWriter& self) { self.write(bytes); });
    return load_samples(channel, options);
}

inline std::string file_error(const std::string& bytes, const DataOptions& options = {}) {
    return message_of<DataError>([&] { from_file(bytes, options); });
}

inline std::string pipe_error(const std::string& bytes, const DataOptions& options = {}) {
    return message_of<DataError>([&] { from_pipe(bytes, options); });
}

}  // namespace tundish::testing
