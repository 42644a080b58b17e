#include "tundish/data/tf_example.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "wire_reader.hpp"

#include <algorithm>

// message Example { Features features = 1; }
// message Features { map<string, Feature> feature = 1; }       an entry is a message: key = 1, value = 2
// message Feature { oneof { BytesList bytes_list = 1; FloatList float_list = 2; Int64List int64_list = 3; } }
// and each list has `repeated … value = 1`, numbers packed into one field or not.

namespace tundish {
namespace {

using Kind = TfFeature::Kind;
using Type = WireReader::Type;

constexpr std::size_t kNamesShown = 20;
constexpr std::size_t kMostFeatures = 1000;  // an image's record has a dozen; each is compared with those before it

const char* name_of(Kind kind) {
    switch (kind) {
        case Kind::bytes:
            return "bytes";
        case Kind::floats:
            return "floats";
        case Kind::integers:
            return "integers";
        case Kind::empty:
            break;
    }
    return "empty";
}

// Calls `use(reader)` at each value of a list, which it has to take.
template <typename Use>
void for_each_number(ByteSpan list, const std::uint8_t* origin, Type single, Use use) {
    WireReader reader(list, origin);
    while (reader.next()) {
        if (reader.field() != 1) {
            reader.skip();
        } else if (reader.type() == Type::bytes) {
            WireReader packed(reader.bytes(), origin);
            while (!packed.done()) use(packed);
        } else {
            reader.expect(single);
            use(reader);
        }
    }
}

template <typename Use>
void for_each_bytes(ByteSpan list, const std::uint8_t* origin, Use use) {
    WireReader reader(list, origin);
    while (reader.next()) {
        if (reader.field() != 1) {
            reader.skip();
            continue;
        }
        reader.expect(Type::bytes);
        use(reader.bytes());
    }
}

std::size_t count_values(const TfFeature& feature, const std::uint8_t* origin) {
    std::size_t count = 0;
    switch (feature.kind) {
        case Kind::bytes:
            for_each_bytes(feature.list, origin, [&](ByteSpan) { ++count; });
            break;
        case Kind::floats:
            for_each_number(feature.list, origin, Type::fixed32, [&](WireReader& reader) {
                reader.fixed32();
                ++count;
            });
            break;
        case Kind::integers:
            for_each_number(feature.list, origin, Type::varint, [&](WireReader& reader) {
                reader.varint();
                ++count;
            });
            break;
        case Kind::empty:
            break;
    }
    return count;
}

void parse_feature(ByteSpan message, const std::uint8_t* origin, TfFeature& feature) {
    WireReader reader(message, origin);
    while (reader.next()) {
        if (reader.field() > 3) {
            reader.skip();
            continue;
        }
        reader.expect(Type::bytes);
        // Lists in several pieces would have to be joined; no writer makes them.
        if (feature.kind != Kind::empty) reader.damaged("a feature with two lists");
        feature.kind = static_cast<Kind>(reader.field());
        feature.list = reader.bytes();
    }
}

TfFeature parse_entry(ByteSpan message, const std::uint8_t* origin) {
    TfFeature feature;
    WireReader reader(message, origin);
    while (reader.next()) {
        if (reader.field() > 2) {
            reader.skip();
            continue;
        }
        reader.expect(Type::bytes);
        const ByteSpan value = reader.bytes();
        if (reader.field() == 1) {
            feature.name = as_text(value);
        } else {
            parse_feature(value, origin, feature);
        }
    }
    feature.count = count_values(feature, origin);
    return feature;
}

}  // namespace

void TfExample::parse(ByteSpan payload) {
    features_.clear();
    WireReader reader(payload, payload.data());
    while (reader.next()) {
        if (reader.field() == 1) {
            reader.expect(Type::bytes);
            parse_features(reader.bytes(), payload.data());
        } else {
            reader.skip();
        }
    }
}

void TfExample::parse_features(ByteSpan message, const std::uint8_t* origin) {
    WireReader reader(message, origin);
    while (reader.next()) {
        if (reader.field() == 1) {
            reader.expect(Type::bytes);
            add(parse_entry(reader.bytes(), origin));
        } else {
            reader.skip();
        }
    }
}

void TfExample::add(const TfFeature& feature) {
    const auto same = std::find_if(features_.begin(), features_.end(),
                                   [&](const TfFeature& known) { return known.name == feature.name; });
    if (same == features_.end()) {
        if (features_.size() == kMostFeatures) {
            throw DataError(text("the tf.train.Example has more than ", kMostFeatures, " features"));
        }
        features_.push_back(feature);
    } else {
        *same = feature;
    }
}

const TfFeature* TfExample::find(std::string_view name) const {
    const auto found = std::find_if(features_.begin(), features_.end(),
                                    [&](const TfFeature& feature) { return feature.name == name; });
    return found == features_.end() ? nullptr : &*found;
}

std::string TfExample::describe() const {
    std::vector<std::string> shown;
    for (const auto& feature : features_) {
        if (shown.size() == kNamesShown) {
            shown.push_back(text("and ", features_.size() - shown.size(), " more"));
            break;
        }
        shown.push_back(text(utf8_prefix(feature.name, 60), " (", name_of(feature.kind), ')'));
    }
    return shown.empty() ? "no features" : join(shown, ", ");
}

ByteSpan bytes_of(const TfFeature& feature) {
    if (feature.kind != Kind::bytes || feature.count != 1) {
        throw DataError(text("feature '", feature.name, "' holds ", feature.count, " value(s), ", name_of(feature.kind),
                             "; expected one value of bytes"));
    }
    ByteSpan value;
    for_each_bytes(feature.list, feature.list.data(), [&](ByteSpan bytes) { value = bytes; });
    return value;
}

std::vector<double> numbers_of(const TfFeature& feature) {
    std::vector<double> numbers;
    numbers.reserve(feature.count);
    switch (feature.kind) {
        case Kind::floats:
            for_each_number(feature.list, feature.list.data(), Type::fixed32,
                            [&](WireReader& reader) { numbers.push_back(reader.fixed32()); });
            break;
        case Kind::integers:
            for_each_number(feature.list, feature.list.data(), Type::varint, [&](WireReader& reader) {
                numbers.push_back(static_cast<double>(static_cast<std::int64_t>(reader.varint())));
            });
            break;
        case Kind::bytes:
        case Kind::empty:
            throw DataError(text("feature '", feature.name, "' holds ", name_of(feature.kind), "; expected a number"));
    }
    return numbers;
}

}  // namespace tundish
