#include "chunked_body.hpp"

#include <array>
#include <charconv>
#include <string>

namespace tundish {
namespace {

constexpr std::size_t kLongestLine = 4096;
constexpr int kMostTrailers = 100;

// Without its line break; nothing at the end of the stream, or when it is too long.
std::optional<std::string> read_line(Connection& connection) {
    std::string line;
    for (char c = 0; line.size() < kLongestLine && connection.read(&c, 1) == 1;) {
        if (c != '\n') {
            line += c;
        } else if (!line.empty() && line.back() == '\r') {
            line.pop_back();
            return line;
        } else {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

// "1f" or "1f;extension=value".
std::optional<std::size_t> chunk_length(const std::string& line) {
    std::size_t length = 0;
    const char* const last = line.data() + line.size();
    const auto [end, problem] = std::from_chars(line.data(), last, length, 16);
    const bool good = problem == std::errc() && (end == last || *end == ';' || *end == ' ' || *end == '\t');
    return good ? std::optional(length) : std::nullopt;
}

bool read_chunk(Connection& connection, std::size_t length, const BodyReader::Take& take) {
    std::array<char, 16384> piece;
    while (length > 0) {
        const long got = connection.read(piece.data(), std::min(length, piece.size()));
        if (got <= 0 || !take({piece.data(), static_cast<std::size_t>(got)})) return false;
        length -= static_cast<std::size_t>(got);
    }
    return read_line(connection) == std::string();
}

}  // namespace

bool read_chunked(Connection& connection, const BodyReader::Take& take) {
    while (true) {
        const auto line = read_line(connection);
        const auto length = line ? chunk_length(*line) : std::nullopt;
        if (!length) return false;
        if (length == std::size_t{0}) break;
        if (!read_chunk(connection, *length, take)) return false;
    }
    for (int i = 0; i < kMostTrailers; ++i) {
        const auto trailer = read_line(connection);
        if (!trailer || trailer->empty()) return trailer.has_value();
    }
    return false;
}

}  // namespace tundish
