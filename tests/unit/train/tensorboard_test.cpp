#include <cmath>
#include <cstring>
#include <map>
#include <regex>

#include "support/catch.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/bytes.hpp"
#include "tundish/base/crc32c.hpp"
#include "tundish/base/files.hpp"
#include "tundish/train/reporters.hpp"

using namespace tundish;

namespace {

// A reader of its own, so that a mistake in the writer is not mirrored.
struct Field {
    std::uint64_t number = 0;  // varint, or the raw bits of a fixed field
    std::string_view bytes;    // length-delimited
};
using Message = std::multimap<std::uint32_t, Field>;

template <typename Number>
Number take(std::string_view& in) {
    REQUIRE(in.size() >= sizeof(Number));
    const auto value = load_le<Number>(as_bytes(in).data());
    in.remove_prefix(sizeof(Number));
    return value;
}

std::uint64_t take_varint(std::string_view& in) {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        const auto byte = take<std::uint8_t>(in);
        value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
        if (byte < 0x80U) return value;
    }
}

Message parse(std::string_view in) {
    Message message;
    while (!in.empty()) {
        const auto key = static_cast<std::uint32_t>(take_varint(in));
        Field field;
        switch (key & 7U) {
            case 0:
                field.number = take_varint(in);
                break;
            case 1:
                field.number = take<std::uint64_t>(in);
                break;
            case 5:
                field.number = take<std::uint32_t>(in);
                break;
            case 2: {
                const auto size = take_varint(in);
                REQUIRE(in.size() >= size);
                field.bytes = in.substr(0, size);
                in.remove_prefix(size);
                break;
            }
            default:
                FAIL("wire type " << (key & 7U));
        }
        message.emplace(key >> 3U, field);
    }
    return message;
}

const Field& only(const Message& message, std::uint32_t number) {
    REQUIRE(message.count(number) == 1);
    return message.find(number)->second;
}

double as_double(std::uint64_t bits) {
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

float as_float(std::uint64_t bits) {
    const auto low = static_cast<std::uint32_t>(bits);
    float value = 0;
    std::memcpy(&value, &low, sizeof value);
    return value;
}

// Checks both sums of each record and returns the records' contents.
std::vector<std::string_view> unframe(std::string_view in) {
    std::vector<std::string_view> records;
    while (!in.empty()) {
        const auto length_bytes = in.substr(0, 8);
        const auto length = take<std::uint64_t>(in);
        CHECK(take<std::uint32_t>(in) == masked_crc32c(as_bytes(length_bytes)));
        REQUIRE(in.size() >= length + 4);
        records.push_back(in.substr(0, length));
        in.remove_prefix(length);
        CHECK(take<std::uint32_t>(in) == masked_crc32c(as_bytes(records.back())));
    }
    return records;
}

EpochReport sample_report() {
    EpochReport report;
    report.epoch = 2;
    report.step = 300;
    report.train_loss = 0.75;
    report.train_accuracy = 0.5;
    report.validation = Evaluation{};
    report.validation->loss = 1.25;
    report.validation->accuracy = 0.625;
    report.validation->confusion = {{5, 1}, {2, 4}};
    return report;
}

struct Written {
    std::string name;
    std::string content;
};

// What the reporter writes for one epoch, and at the end if `end`.
Written write_events(std::int64_t resumed_step, bool end) {
    const testing::TempFolder folder;
    ReportPaths paths;
    paths.tensorboard_folder = folder.path() / "tensorboard";
    const auto reporters = make_reporters(paths, {"cat", "dog"}, resumed_step);
    reporters.back()->on_epoch(sample_report());
    if (end) reporters.back()->on_end({sample_report()});
    const auto file = std::filesystem::directory_iterator(paths.tensorboard_folder)->path().filename();
    return {file.string(), read_file(folder.path() / "tensorboard" / file)};
}

}  // namespace

TEST_CASE("the masked CRC-32C that event files use, against RFC 3720 and TensorFlow") {
    const std::string zeros(32, '\0');
    CHECK(crc32c(as_bytes(zeros)) == 0x8A9136AAU);
    // The head of every event file that TensorFlow writes begins with the length 24 and a3 7f 4b 22.
    const std::string length("\x18\0\0\0\0\0\0\0", 8);
    CHECK(masked_crc32c(as_bytes(length)) == 0x224B7FA3U);
}

TEST_CASE("event file: name, version record and scalars") {
    const auto [name, content] = write_events(0, false);
    CHECK(std::regex_match(name, std::regex(R"(events\.out\.tfevents\.[0-9]{10}\..+\.[0-9]+\.0)")));
    const auto records = unframe(content);
    REQUIRE(records.size() == 2);
    const Message version = parse(records[0]);
    CHECK(only(version, 3).bytes == "brain.Event:2");
    CHECK(as_double(only(version, 1).number) > 1.6e9);

    const Message event = parse(records[1]);
    CHECK(only(event, 2).number == 300);
    std::map<std::string, float> scalars;
    const Message summary = parse(only(event, 5).bytes);
    for (const auto& [number, field] : summary) {
        CHECK(number == 1);
        const Message value = parse(field.bytes);
        scalars[std::string(only(value, 1).bytes)] = as_float(only(value, 2).number);
    }
    CHECK(scalars.at("loss/train") == 0.75F);
    CHECK(scalars.at("loss/validation") == 1.25F);
    CHECK(scalars.at("accuracy/train") == 0.5F);
    CHECK(scalars.at("accuracy/validation") == 0.625F);
    CHECK(scalars.count("accuracy/validation_tta") == 0);
}

TEST_CASE("event file: both plots as images at the end") {
    const auto content = write_events(0, true).content;
    const auto records = unframe(content);
    REQUIRE(records.size() == 4);
    std::vector<std::string> tags;
    for (std::size_t k = 2; k < records.size(); ++k) {
        const Message summary = parse(only(parse(records[k]), 5).bytes);
        const Message value = parse(only(summary, 1).bytes);
        tags.emplace_back(only(value, 1).bytes);
        const Message image = parse(only(value, 4).bytes);
        CHECK(only(image, 3).number == 3);
        CHECK(only(image, 4).bytes.substr(1, 3) == "PNG");
        CHECK(only(image, 1).number > 100);
        if (k == 2) CHECK(only(image, 2).number == 1360);
    }
    CHECK(tags == std::vector<std::string>{"training_curves", "confusion_matrix"});
}

TEST_CASE("event file: a resumed job tells TensorBoard from which step to forget") {
    const auto content = write_events(250, false).content;
    const auto records = unframe(content);
    REQUIRE(records.size() == 3);
    const Message event = parse(records[1]);
    CHECK(only(event, 2).number == 251);
    CHECK(only(parse(only(event, 7).bytes), 1).number == 1);
}
