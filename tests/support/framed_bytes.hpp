#pragma once

#include "tundish/base/bytes.hpp"
#include "tundish/base/crc32c.hpp"
#include "tundish/base/random.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/framing.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

// Writers of the framings that the tests read, kept apart from the readers' code.
namespace tundish::testing {

/// One part of a RecordIO record: flag 0 for a whole one.
inline std::string recordio_part(const std::string& data, unsigned flag = 0, char padding = '\0') {
    std::string out = "\x0a\x23\xd7\xce";
    append_le(out, static_cast<std::uint32_t>(flag << 29U | data.size()));
    out += data;
    out.append((4 - data.size() % 4) % 4, padding);
    return out;
}

/// A record as dmlc's writer has it: split where the magic stands on a multiple of 4, which is left out.
inline std::string recordio_dmlc(const std::string& data) {
    const std::string magic = "\x0a\x23\xd7\xce";
    std::vector<std::string> pieces(1);
    for (std::size_t at = 0; at < data.size();) {
        if (at % 4 == 0 && data.compare(at, 4, magic) == 0) {
            pieces.emplace_back();
            at += 4;
        } else {
            pieces.back() += data[at++];
        }
    }
    if (pieces.size() == 1) return recordio_part(data);
    std::string out;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        out += recordio_part(pieces[i], i == 0 ? 1 : (i + 1 == pieces.size() ? 3 : 2));
    }
    return out;
}

inline std::string tfrecord(const std::string& data) {
    std::string out;
    append_le(out, static_cast<std::uint64_t>(data.size()));
    append_le(out, masked_crc32c(as_bytes(out)));
    out += data;
    append_le(out, masked_crc32c(as_bytes(data)));
    return out;
}

/// `size` bytes that differ from record to record and hold no long repetition.
inline std::string made_up(std::uint64_t seed, std::size_t size) {
    std::string out;
    std::uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
    while (out.size() < size) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        out += static_cast<char>(state >> 56U);
    }
    return out;
}

/// What a framing gave until it ended or refused: the records, the message ("" at a proper end), and the places of
/// records that were damaged within.
struct Reading {
    std::vector<std::string> records;
    std::string error;
    std::vector<std::string> damaged = {};
    bool operator==(const Reading&) const = default;
};

template <typename Kind>
Reading read_all(Framing& framing) {
    Reading out;
    for (;;) {
        try {
            const auto record = framing.next();
            if (!record) return out;
            out.records.emplace_back(as_text(*record));
        } catch (const RecordProblem& problem) {
            out.damaged.push_back(framing.what() + ": " + problem.what());
        } catch (const Kind& error) {
            out.error = error.what();
            return out;
        }
    }
}

/// `records` framed one after the other, read from 1,000 places where the bytes end too early. Gives how often not just
/// the whole records before the cut were read, or the message did not name the record and the byte.
template <typename Frame, typename Read>
std::int64_t wrong_after_cuts(const std::vector<std::string>& records, Frame frame, Read read, std::uint64_t seed) {
    std::string bytes;
    std::vector<std::size_t> ends{0};
    for (const auto& record : records) {
        bytes += frame(record);
        ends.push_back(bytes.size());
    }
    std::int64_t wrong = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const auto cut = static_cast<std::size_t>(random_below(static_cast<std::int64_t>(bytes.size()) + 1, {seed, i}));
        const auto whole = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), cut) - ends.begin()) - 1;
        const Reading got = read(bytes.substr(0, cut), i % 3);
        const std::vector<std::string> before(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(whole));
        const auto place = text("record ", whole, " (byte ", ends[whole], "): the data ends");
        const bool named = ends[whole] == cut ? got.error.empty() : got.error.find(place) != std::string::npos;
        wrong += got.records == before && named ? 0 : 1;
    }
    return wrong;
}

}  // namespace tundish::testing
