#include "record_packer.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_codec.hpp"
#include "tundish/data/image_fit.hpp"
#include "tundish/data/image_header.hpp"
#include "tundish/data/labels.hpp"
#include "tundish/data/mxnet_record.hpp"
#include "tundish/data/record_frames.hpp"

namespace tundish {
namespace {

constexpr ImageFit kCifarFit{ImageShape{3, 32, 32}, std::nullopt};

// Passed on undecoded, so that at least its kind is looked at.
void check_encoded(const Record& record) {
    if (image_format(record.payload)) return;
    throw DataError(text("expected a JPEG, PNG, BMP or WebP image, found ", describe_bytes(record.payload)));
}

}  // namespace

RecordPacker::RecordPacker(const PackOptions& options, const std::optional<ImageShape>& raw_shape, std::int64_t classes)
    : format_(options.format), keep_raw_(options.raw), raw_shape_(raw_shape), cifar_classes_(classes > 10 ? 100 : 10) {
    if (format_ == PackFormat::cifar && classes > 100) {
        throw DataError(text(options.in.string(), " has ", classes,
                             " classes; CIFAR's records have room for 100. Pack to recordio or tfrecord."));
    }
}

std::string RecordPacker::pack(const Record& record) const {
    if (!raw_shape_) check_encoded(record);
    switch (format_) {
        case PackFormat::recordio:
            return to_recordio(record);
        case PackFormat::tfrecord:
            return to_tfrecord(record);
        case PackFormat::cifar:
            break;
    }
    return to_cifar(record);
}

const char* RecordPacker::extension() const {
    switch (format_) {
        case PackFormat::recordio:
            return ".rec";
        case PackFormat::tfrecord:
            return ".tfrecord";
        case PackFormat::cifar:
            break;
    }
    return ".bin";
}

std::string RecordPacker::to_recordio(const Record& record) const {
    const auto id = static_cast<std::uint64_t>(record.index);
    std::string payload;
    if (raw_shape_ && !keep_raw_) {
        append_mxnet_record(payload, record.label, id, as_bytes(encode_png({*raw_shape_, record.payload})));
    } else {
        append_mxnet_record(payload, record.label, id, record.payload);
    }
    std::string out;
    append_recordio(out, as_bytes(payload));
    return out;
}

std::string RecordPacker::to_tfrecord(const Record& record) const {
    std::string example;
    if (raw_shape_) {
        append_raw_example(example, record.payload, *raw_shape_, record.label);
    } else {
        append_encoded_example(example, record.payload, record.label);
    }
    std::string out;
    append_tfrecord(out, as_bytes(example));
    return out;
}

std::string RecordPacker::to_cifar(const Record& record) const {
    check_label_range(record.label, cifar_classes_);
    Image image = raw_shape_ ? Image{*raw_shape_, record.payload} : decode_image(record.payload, kCifarFit.channels());
    image = fit(std::move(image), kCifarFit);
    std::string out;
    if (cifar_classes_ == 100) out += '\0';  // the coarse label, which nothing but CIFAR-100 itself has
    out += static_cast<char>(record.label);
    out += as_text(image.pixels);
    return out;
}

}  // namespace tundish
