#include "tundish/data/mxnet_record.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_header.hpp"

#include <vector>

namespace tundish {
namespace {

// How many labels follow the header.
std::size_t flag_of(ByteSpan payload) {
    return load_le<std::uint32_t>(payload.data());
}

std::vector<double> labels_of(ByteSpan list) {
    std::vector<double> labels;
    labels.reserve(list.size() / sizeof(float));
    for (; !list.empty(); list = list.subspan(sizeof(float))) labels.push_back(load_le<float>(list.data()));
    return labels;
}

}  // namespace

MxnetRecord parse_mxnet_record(ByteSpan payload, LabelFormat format) {
    if (image_format(payload)) return {std::nullopt, 0, payload};
    if (payload.size() < kMxnetHeaderBytes) {
        throw DataError(text("expected an MXNet image record (a header of ", kMxnetHeaderBytes,
                             " bytes, then an image), found ", describe_bytes(payload)));
    }
    const auto image = behind_mxnet_header(payload);
    if (!image) {
        throw DataError(text("the MXNet image record's header announces ", flag_of(payload), " labels, and ",
                             payload.size() - kMxnetHeaderBytes, " bytes follow; this may be no image record"));
    }
    if (image->empty()) throw DataError("the MXNet image record holds no image after its header");
    const auto labels = payload.subspan(kMxnetHeaderBytes, payload.size() - kMxnetHeaderBytes - image->size());
    const auto label = labels.empty() ? class_from_number(load_le<float>(payload.data() + 4))
                                      : class_from_numbers(labels_of(labels), format);
    return {label, load_le<std::uint64_t>(payload.data() + 8), *image};
}

std::optional<ByteSpan> behind_mxnet_header(ByteSpan payload) {
    if (payload.size() < kMxnetHeaderBytes) return std::nullopt;
    const auto body = payload.subspan(kMxnetHeaderBytes);
    if (flag_of(payload) > body.size() / sizeof(float)) return std::nullopt;
    return body.subspan(flag_of(payload) * sizeof(float));
}

void append_mxnet_record(std::string& out, std::int64_t label, std::uint64_t id, ByteSpan image) {
    check_label_range(label, kLabelLimit);
    append_le(out, std::uint32_t{0});
    append_le(out, static_cast<float>(label));
    append_le(out, id);
    append_le(out, std::uint64_t{0});
    out += as_text(image);
}

}  // namespace tundish
