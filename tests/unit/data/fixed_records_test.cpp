#include "tundish/data/fixed_records.hpp"

#include "support/catch.hpp"
#include "support/cifar_files.hpp"
#include "support/errors.hpp"
#include "support/framed_bytes.hpp"
#include "support/memory_source.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/random.hpp"
#include "tundish/base/text.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

Reading read(const std::string& bytes, std::size_t piece = 0, const FixedLayout& layout = kCifar10Layout) {
    FixedRecords framing(memory_source(bytes, piece), layout);
    return read_all<DataError>(framing);
}

}  // namespace

TEST_CASE("fixed records: CIFAR-10 and CIFAR-100 in any pieces") {
    const auto ten = cifar_records(0, 12);
    for (const std::size_t piece : {0, 1, 1000}) {
        const auto got = read(ten, piece);
        REQUIRE(got.records.size() == 12);
        CHECK(join(got.records, "") == ten);
    }
    const auto hundred = cifar_records(0, 12, 100, true);
    CHECK(join(read(hundred, 0, kCifar100Layout).records, "") == hundred);
    CHECK(read("") == Reading{});
}

TEST_CASE("fixed records: a first byte out of range is named with what stands there") {
    CHECK(lacks(read(cifar_records(0, 3) + "<html> and more text that is no picture").error,
                {"channel 'train', part-0, record 3 (byte 9219)", "0..9", "found 60", "text that begins '<html>",
                 "Take it out."}) == "");
    CHECK(lacks(read("\xff\xd8\xff\xe0 a picture of another kind").error, {"record 0 (byte 0)", "a JPEG image"}) == "");
}

TEST_CASE("fixed records: whatever the cut, the records before it are right and the message says where") {
    const auto bytes = cifar_records(0, 10);
    std::int64_t wrong = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const auto cut = static_cast<std::size_t>(random_below(static_cast<std::int64_t>(bytes.size()) + 1, {11, i}));
        const auto whole = cut / 3073;
        const auto got = read(bytes.substr(0, cut), (i % 2) * 500);
        const bool named = cut % 3073 == 0
                               ? got.error.empty()
                               : got.error.find(text("record ", whole, " (byte ", whole * 3073, "): the data ends")) !=
                                     std::string::npos;
        wrong += join(got.records, "") == bytes.substr(0, whole * 3073) && named ? 0 : 1;
    }
    CHECK(wrong == 0);
}
