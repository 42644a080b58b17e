// Any bytes as a tf.train.Example: features and image picked, or refused with DataError. Every span must lie in the
// payload.

#include "tundish/base/error.hpp"
#include "tundish/data/tf_image.hpp"

#include <cstdlib>

namespace {

bool inside(tundish::ByteSpan part, tundish::ByteSpan whole) {
    if (part.empty()) return true;
    return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void check_features(const tundish::TfExample& example, tundish::ByteSpan payload) {
    for (const auto& feature : example.features()) {
        if (!inside(feature.list, payload) || !inside(tundish::as_bytes(feature.name), payload)) std::abort();
        const bool numbers =
            feature.kind == tundish::TfFeature::Kind::integers || feature.kind == tundish::TfFeature::Kind::floats;
        if (numbers && numbers_of(feature).size() != feature.count) std::abort();
        const bool bytes = feature.kind == tundish::TfFeature::Kind::bytes && feature.count == 1;
        if (bytes && !inside(bytes_of(feature), payload)) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static tundish::TfExample example;
    const tundish::ByteSpan payload(data, size);
    try {
        example.parse(payload);
        check_features(example, payload);
        const auto image = read_tf_image(example, {});
        if (!inside(image.image, payload) || image.label < 0) std::abort();
        if (image.raw_shape && image.raw_shape->pixels() != image.image.size()) std::abort();
    } catch (const tundish::DataError&) {
    }
    return 0;
}
